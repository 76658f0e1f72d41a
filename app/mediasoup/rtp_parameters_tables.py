"""
RTP parameters as the worker's tables, and back.

To a table means to the mapping that the codec encodes as ``FBS.RtpParameters.…``, from one is from what it decodes.

Source: mediasoup ``worker/fbs/rtpParameters.fbs``, ``node/src/rtpParametersFbsUtils.ts``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import asdict

from .errors import InvalidValueError
from .rtp_mapping import RtpMapping
from .rtp_parameters import (
    ParameterValue,
    RtcpFeedback,
    RtcpParameters,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpHeaderExtensionParameters,
    RtpParameters,
    RtxParameters,
)
from .supported_rtp_capabilities import (
    ABS_CAPTURE_TIME,
    ABS_SEND_TIME,
    DEPENDENCY_DESCRIPTOR,
    MEDIASOUP_PACKET_ID,
    MID,
    PLAYOUT_DELAY,
    REPAIRED_RTP_STREAM_ID,
    RTP_STREAM_ID,
    SSRC_AUDIO_LEVEL,
    TIME_OFFSET,
    TRANSPORT_WIDE_CC,
    VIDEO_ORIENTATION,
)

Table = Mapping[str, Any]

#: The enumerators of ``RtpHeaderExtensionUri``.
_ENUMERATORS: Final = {
    MID: "mid",
    RTP_STREAM_ID: "rtpstreamid",
    REPAIRED_RTP_STREAM_ID: "repairrtpstreamid",
    ABS_SEND_TIME: "abssendtime",
    TRANSPORT_WIDE_CC: "transportwideccdraft01",
    SSRC_AUDIO_LEVEL: "ssrcaudiolevel",
    DEPENDENCY_DESCRIPTOR: "dependencydescriptor",
    VIDEO_ORIENTATION: "videoorientation",
    TIME_OFFSET: "timeoffset",
    ABS_CAPTURE_TIME: "abscapturetime",
    PLAYOUT_DELAY: "playoutdelay",
    MEDIASOUP_PACKET_ID: "mediasouppacketid",
}
_URIS: Final = {enumerator: uri for uri, enumerator in _ENUMERATORS.items()}

#: How to read a parameter from each member of the union ``Value``.
_READERS: Final[dict[str, Callable[[Any], ParameterValue]]] = {
    "Boolean": bool,
    "Integer32": int,
    "Double": float,
    "String": str,
    "Integer32Array": list,
}
_INT32: Final = range(-(2**31), 2**31)


def rtp_parameters_to_table(params: RtpParameters) -> dict[str, Any]:
    """Give ``RtpParameters``; raises :exc:`InvalidValueError` for what the worker has no word for."""
    return {
        "mid": params.mid,
        "codecs": [_codec_to_table(codec, f"codecs[{i}]") for i, codec in enumerate(params.codecs)],
        "header_extensions": [
            _header_extension_to_table(extension, f"header_extensions[{i}]")
            for i, extension in enumerate(params.header_extensions)
        ],
        "encodings": rtp_encodings_to_table(params.encodings),
        "rtcp": asdict(params.rtcp),
        "msid": params.msid,
    }


def rtp_encodings_to_table(encodings: Sequence[RtpEncodingParameters]) -> list[dict[str, Any]]:
    """Give a vector of ``RtpEncodingParameters``."""
    return [{**asdict(encoding), "rtx": asdict(encoding.rtx) if encoding.rtx else None} for encoding in encodings]


def rtp_mapping_to_table(mapping: RtpMapping) -> dict[str, Any]:
    """Give ``RtpMapping``."""
    return {
        "codecs": [asdict(codec) for codec in mapping.codecs],
        "encodings": [asdict(encoding) for encoding in mapping.encodings],
    }


def rtp_parameters_from_table(table: Table) -> RtpParameters:
    """Read ``RtpParameters``; the worker says "" for some of what is missing."""
    return RtpParameters(
        mid=table["mid"] or None,
        codecs=[_codec_from_table(row) for row in table["codecs"]],
        header_extensions=[_header_extension_from_table(row) for row in table["header_extensions"]],
        encodings=rtp_encodings_from_table(table["encodings"]),
        rtcp=RtcpParameters(cname=table["rtcp"]["cname"] or None, reduced_size=table["rtcp"]["reduced_size"]),
        msid=table["msid"] or None,
    )


def rtp_encodings_from_table(rows: Sequence[Table]) -> list[RtpEncodingParameters]:
    """Read a vector of ``RtpEncodingParameters``."""
    return [
        RtpEncodingParameters(
            ssrc=row["ssrc"],
            rid=row["rid"] or None,
            codec_payload_type=row["codec_payload_type"],
            rtx=RtxParameters(ssrc=row["rtx"]["ssrc"]) if row["rtx"] else None,
            dtx=row["dtx"],
            scalability_mode=row["scalability_mode"] or None,
            max_bitrate=row["max_bitrate"],
        )
        for row in rows
    ]


def _codec_to_table(codec: RtpCodecParameters, path: str) -> dict[str, Any]:
    return {
        "mime_type": codec.mime_type,
        "payload_type": codec.payload_type,
        "clock_rate": codec.clock_rate,
        "channels": codec.channels,
        "parameters": _parameters_to_table(codec.parameters, path),
        "rtcp_feedback": [asdict(feedback) for feedback in codec.rtcp_feedback],
    }


def _codec_from_table(table: Table) -> RtpCodecParameters:
    return RtpCodecParameters(
        mime_type=table["mime_type"],
        payload_type=table["payload_type"],
        clock_rate=table["clock_rate"],
        channels=table["channels"],
        parameters=_parameters_from_table(table["parameters"] or ()),
        rtcp_feedback=[
            RtcpFeedback(type=row["type"], parameter=row["parameter"] or "") for row in table["rtcp_feedback"] or ()
        ],
    )


def _header_extension_to_table(extension: RtpHeaderExtensionParameters, path: str) -> dict[str, Any]:
    enumerator = _ENUMERATORS.get(extension.uri)
    if enumerator is None:
        raise InvalidValueError(f"{path}.uri", f"the worker doesn't know the header extension {extension.uri!r}")
    return {
        "uri": enumerator,
        "id": extension.id,
        "encrypt": extension.encrypt,
        "parameters": _parameters_to_table(extension.parameters, path),
    }


def _header_extension_from_table(table: Table) -> RtpHeaderExtensionParameters:
    return RtpHeaderExtensionParameters(
        uri=_URIS[table["uri"]],
        id=table["id"],
        encrypt=table["encrypt"],
        parameters=_parameters_from_table(table["parameters"] or ()),
    )


def _parameters_to_table(parameters: Mapping[str, ParameterValue], path: str) -> list[dict[str, Any]]:
    """``path`` is that of the codec or header extension."""
    return [{"name": name, "value": _to_union(value, path, name)} for name, value in parameters.items()]


def _parameters_from_table(rows: Sequence[Table]) -> dict[str, ParameterValue]:
    parameters = {}
    for row in rows:
        member, table = row["value"]
        parameters[row["name"]] = _READERS[member](table["value"])
    return parameters


def _to_union(value: ParameterValue, path: str, name: str) -> tuple[str, dict[str, Any]]:
    """Give the union ``Value`` of the parameter ``name``: the name of a member, and its table."""
    match value:
        # First, for True is an int as well. It is a byte on the wire.
        case bool():
            return "Boolean", {"value": int(value)}
        case int() if value in _INT32:
            return "Integer32", {"value": value}
        case float():
            return "Double", {"value": value}
        case str():
            return "String", {"value": value}
        case list() if all(type(item) is int and item in _INT32 for item in value):
            return "Integer32Array", {"value": value}
    raise InvalidValueError(f"{path}.parameters.{name}", "is not a string, a number or a list of 32-bit integers")
