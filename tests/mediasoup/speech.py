"""Audio with levels, as observers of a router's audio look at it (RFC 6464)."""

from __future__ import annotations

import struct

import msgspec

from app.mediasoup.direct_transport import DirectTransport
from app.mediasoup.producer import Producer
from app.mediasoup.rtp_parameters import RtpEncodingParameters, RtpHeaderExtensionParameters

from .parameters import AUDIO_LEVEL
from .rtp import OPUS

EXTENSION_ID = 5


async def speaker(transport: DirectTransport, ssrc: int) -> Producer:
    """Produce audio whose packets carry levels."""
    parameters = msgspec.structs.replace(
        OPUS,
        encodings=[RtpEncodingParameters(ssrc=ssrc)],
        header_extensions=[RtpHeaderExtensionParameters(uri=AUDIO_LEVEL, id=EXTENSION_ID)],
    )
    return await transport.produce(kind="audio", rtp_parameters=parameters)


def speak(producer: Producer, *, level: int, packets: int = 20) -> None:
    """Send packets of 20 ms each; ``level`` is in dBov, from -127 to 0."""
    ssrc = producer.rtp_parameters.encodings[0].ssrc
    for number in range(packets):
        head = struct.pack("!BBHII", 0x90, 111, number, 960 * number, ssrc)
        # One byte of level, and the two of padding to a full word.
        extension = struct.pack("!HHBBxx", 0xBEDE, 1, EXTENSION_ID << 4, 0x80 | -level)
        producer.send(head + extension + b"speech")
