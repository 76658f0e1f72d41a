"""What the worker is said to support."""

import json
import subprocess
from pathlib import Path

import msgspec
import pytest

from app.mediasoup.channel.codec import Codec
from app.mediasoup.ortc import validate_and_normalize_rtp_capabilities
from app.mediasoup.rtp_parameters import RtpHeaderExtensionParameters, RtpParameters
from app.mediasoup.rtp_parameters_tables import rtp_parameters_to_table
from app.mediasoup.supported_rtp_capabilities import SUPPORTED_RTP_CAPABILITIES, get_supported_rtp_capabilities

MEDIASOUP = Path(__file__).parents[2] / "worker-sidecar/node_modules/mediasoup"


def test_it_is_what_the_release_of_mediasoup_supports() -> None:
    script = """
        const { supportedRtpCapabilities } = require('./node/lib/supportedRtpCapabilities.js');
        require('./node/lib/ortc.js').validateAndNormalizeRtpCapabilities(supportedRtpCapabilities);
        console.log(JSON.stringify(supportedRtpCapabilities));
    """
    theirs = json.loads(subprocess.run(["node", "-e", script], cwd=MEDIASOUP, check=True, capture_output=True).stdout)
    assert json.loads(msgspec.json.encode(SUPPORTED_RTP_CAPABILITIES)) == theirs


def test_it_is_normal_already() -> None:
    assert validate_and_normalize_rtp_capabilities(SUPPORTED_RTP_CAPABILITIES) == SUPPORTED_RTP_CAPABILITIES


def test_who_changes_a_copy_changes_nothing_else() -> None:
    copy = get_supported_rtp_capabilities()
    copy.codecs[0].rtcp_feedback.clear()
    copy.header_extensions.clear()
    assert SUPPORTED_RTP_CAPABILITIES == get_supported_rtp_capabilities() != copy


@pytest.mark.parametrize("uri", sorted({extension.uri for extension in SUPPORTED_RTP_CAPABILITIES.header_extensions}))
def test_the_schema_has_a_word_for_each_header_extension(codec: Codec, uri: str) -> None:
    params = RtpParameters(codecs=[], header_extensions=[RtpHeaderExtensionParameters(uri=uri, id=1)])
    codec.encode("FBS.RtpParameters.RtpParameters", rtp_parameters_to_table(params))
