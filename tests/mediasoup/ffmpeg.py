"""ffmpeg as the tests' endpoint: it makes a clip, sends it as RTP in real time, and decodes what it receives."""

from __future__ import annotations

import asyncio
import socket
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.mediasoup.rtp_parameters import MediaKind, RtpCodecParameters, RtpParameters
from app.mediasoup.srtp_parameters import SrtpParameters
from tests.ports import free_ports

from .udp import RECEIVE_BUFFER

COMMAND = ("ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin")

#: Seconds within which it must be done, whatever it was told to do.
LIMIT = 20.0

#: Two seconds of a picture in motion, some packets a frame, and of a tone.
PICTURE = "testsrc2=size=320x240:rate=25:duration=2"
TONE = "sine=frequency=440:sample_rate=48000:duration=2"

#: Have it write the hash of each frame that it decodes. Frames come as they are, so that the rate stays what it was.
HASHES = ("-fps_mode", "passthrough", "-f", "framemd5", "-")

RTCP_SENDER_REPORT, RTCP_BYE = 200, 203


@dataclass(frozen=True, slots=True)
class Clip:
    """A file with VP8 and Opus, and the hashes of its frames when it is decoded."""

    path: Path
    frames: dict[MediaKind, list[str]]


@dataclass(frozen=True, slots=True)
class Sent:
    """How much a sender says that it sent of a stream; the bytes are without headers."""

    packets: int
    payload_bytes: int


@dataclass(frozen=True, slots=True)
class Medium:
    """A stream that comes to a port on loopback, encrypted by its sender if there is a key."""

    kind: MediaKind
    codec: RtpCodecParameters
    port: int
    key: SrtpParameters | None


def make_clip(directory: Path) -> Clip:
    """Encode a clip as a live sender would, and decode it."""
    path = directory / "clip.webm"
    video = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-threads", "1", "-b:v", "400k", "-g", "25")
    audio = ("-c:a", "libopus", "-ac", "2")
    _run_at_once("-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", TONE, *video, *audio, str(path))
    # The file tells how much of its first sound to skip. RTP does not, so nothing is skipped here either.
    decoding = ("-flags2", "+skip_manual", "-i", str(path))
    return Clip(
        path,
        {
            "video": read_hashes(_run_at_once(*decoding, "-map", "0:v", *HASHES)),
            "audio": read_hashes(_run_at_once(*decoding, "-map", "0:a", *HASHES)),
        },
    )


async def send(clip: Clip, outputs: Sequence[Sequence[str]]) -> None:
    """Send streams of the clip in real time, to its end."""
    await _run("-re", "-i", str(clip.path), *[argument for output in outputs for argument in output])


def rtp_output(parameters: RtpParameters, *, port: int, rtcp_port: int, key: SrtpParameters | None = None) -> list[str]:
    """Have it send the clip's stream of that codec to ports on loopback, encrypted if there is a key."""
    codec, encoding = parameters.codecs[0], parameters.encodings[0]
    secret = () if key is None else ("-srtp_out_suite", key.crypto_suite, "-srtp_out_params", key.key_base64)
    return [
        *("-map", f"0:{codec.mime_type[0]}", "-c", "copy", "-f", "rtp", "-rtpflags", "send_bye"),
        *("-ssrc", str(encoding.ssrc), "-payload_type", str(codec.payload_type), *secret),
        f"{'rtp' if key is None else 'srtp'}://127.0.0.1:{port}?rtcpport={rtcp_port}&pkt_size=1200",
    ]


def read_farewells(reports: Sequence[bytes]) -> dict[int, Sent]:
    """Give what the sender's reports that came with a BYE say, by SSRC (RFC 3550, section 6.4.1)."""
    farewells = {}
    for report in reports:
        kind, words, ssrc, packets, payload_bytes = struct.unpack_from("!xBHI12xII", report)
        next_kind = report[4 * words + 5 : 4 * words + 6]
        if (kind, next_kind) == (RTCP_SENDER_REPORT, bytes([RTCP_BYE])):
            farewells[ssrc] = Sent(packets, payload_bytes)
    return farewells


async def decode(medium: Medium, *, frames: int) -> list[str]:
    """Receive a stream until so many frames have been decoded, and give their hashes."""
    # One thread, since each further one would hold a frame back until the next has come.
    options = ("-protocol_whitelist", "pipe,udp,rtp,srtp", "-buffer_size", str(RECEIVE_BUFFER), "-threads", "1")
    counted = (f"-frames:{medium.kind[0]}", str(frames))
    session = describe_session(medium)
    return read_hashes(await _run(*options, "-f", "sdp", "-i", "pipe:0", *counted, *HASHES, stdin=session))


def describe_session(medium: Medium) -> str:
    """Write the SDP of a stream (RFC 8866, RFC 4568)."""
    codec, key = medium.codec, medium.key
    _, name = codec.mime_type.split("/")
    channels = "" if codec.channels is None else f"/{codec.channels}"
    lines = [
        *("v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"),
        f"m={medium.kind} {medium.port} RTP/{'AVP' if key is None else 'SAVP'} {codec.payload_type}",
        f"a=rtpmap:{codec.payload_type} {name}/{codec.clock_rate}{channels}",
    ]
    if key is not None:
        lines.append(f"a=crypto:1 {key.crypto_suite} inline:{key.key_base64}")
    return "".join(f"{line}\r\n" for line in lines)


def read_hashes(framemd5: str) -> list[str]:
    """Read what :data:`HASHES` had it write: a line a frame, the hash last."""
    return [line.rpartition(",")[2].strip() for line in framemd5.splitlines() if not line.startswith("#")]


def somebody_listens(port: int) -> bool:
    """Tell whether a UDP port on loopback is open. If not, sending again tells that the first datagram was refused."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.connect(("127.0.0.1", port))
        try:
            probe.send(b"?")
            probe.send(b"?")
        except ConnectionRefusedError:
            return False
    return True


def free_even_port() -> int:
    """Find a port that nobody listens on, nor on the one after it, which is for RTCP."""
    first = free_ports(3)
    return first + first % 2


async def _run(*arguments: str, stdin: str = "") -> str:
    """Run ffmpeg to its end and give what it wrote; it is killed when that is too late, or nobody waits any more."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*COMMAND, *arguments, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        async with asyncio.timeout(LIMIT):
            output, errors = await process.communicate(stdin.encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert (process.returncode, errors) == (0, b""), f"ffmpeg: {errors.decode()}"
    return output.decode()


def _run_at_once(*arguments: str) -> str:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (done.returncode, done.stderr) == (0, ""), f"ffmpeg: {done.stderr}"
    return done.stdout
