"""docs/mediasoup.md: its tables against both libraries, and its examples against a real worker."""

from __future__ import annotations

import ast
import contextlib
import inspect
import itertools
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

import app.mediasoup as library
from app.mediasoup import dumps, errors, ortc, rtp_traces, stats
from app.mediasoup.channel.channel import Channel
from app.mediasoup.channel.fbs import SchemaError
from app.mediasoup.channel.schema import Enum, Schema
from app.mediasoup.data_structures import ListenInfo, SctpStreamParameters
from app.mediasoup.errors import MediasoupError, RequestRefusedError, UnsupportedError
from app.mediasoup.worker import Worker
from app.mediasoup.worker_object import WorkerObject
from app.sidecar import Sidecar
from tests.conftest import SidecarProcess

from . import declarations, document
from .conftest import MEDIA_CODECS, SCHEMAS
from .document import CODE, NAME, Row
from .parameters import DTLS_CLIENT, RECEIVER, SIMULCAST
from .rtp import sender_report, vp8_packet

SOURCE = Path(library.__file__).parent

TABLES = document.tables()
#: The members of Node's types.
THEIRS = declarations.members()

#: Public in their types, and marked private there.
THEIR_PRIVATE = {
    "workerClosed",
    "routerClosed",
    "transportClosed",
    "listenServerClosed",
    "handleWebRtcTransport",
}

CLASSES = [
    "Worker",
    "WebRtcServer",
    "Router",
    "Transport",
    "WebRtcTransport",
    "PlainTransport",
    "PipeTransport",
    "DirectTransport",
    "Producer",
    "Consumer",
    "DataProducer",
    "DataConsumer",
    "RtpObserver",
    "ActiveSpeakerObserver",
    "AudioLevelObserver",
]


def _rows_of(cls: type) -> list[Row]:
    """Give the rows of a class and of those that it inherits from."""
    names = ["Every object" if base is WorkerObject else base.__name__ for base in cls.__mro__]
    return [row for name in names for row in TABLES.get(name, [])]


@pytest.mark.parametrize("name", CLASSES)
def test_every_member_and_event_of_theirs_has_a_row(name: str) -> None:
    rows = _rows_of(getattr(library, name)) + TABLES["Every object"]
    members = {row.their_name for row in rows if not row.theirs.startswith(("event", "observer "))}
    events = {row.their_name for row in rows if row.theirs.startswith("event")}
    observed = {row.their_name for row in rows if row.theirs.startswith("observer ")}
    assert THEIRS[name] - THEIR_PRIVATE - members == set()
    assert {event for event in THEIRS[f"{name}Events"] if event[0] != "@"} - events == set()
    assert THEIRS[f"{name}ObserverEvents"] - observed == set()


def test_nothing_is_said_to_be_theirs_that_is_not() -> None:
    known = {member for members in THEIRS.values() for member in members}
    for name in ["Every object", "SctpTransport", *CLASSES, *OPTIONS]:
        assert {row.their_name for row in TABLES[name]} - known <= {None, "listenererror"}


OPTIONS = {
    "WorkerSettings": ["WorkerSettings"],
    "Worker.spawn": [],
    "ListenInfo": ["TransportListenInfo", "TransportSocketFlags"],
    "SctpOptions": [],
    "Worker.create_webrtc_server": ["WebRtcServerOptions"],
    "Worker.create_router": ["RouterOptions"],
    "Router.create_webrtc_transport": [
        "WebRtcTransportOptionsBase",
        "WebRtcTransportListenIndividualListenInfo",
        "WebRtcTransportListenIndividualListenIp",
        "WebRtcTransportListenServer",
    ],
    "Router.create_plain_transport": [
        "PlainTransportOptions",
        "PlainTransportListenInfo",
        "PlainTransportListenIp",
    ],
    "Router.create_pipe_transport": [
        "PipeTransportOptions",
        "PipeTransportListenInfo",
        "PipeTransportListenIp",
    ],
    "Router.create_direct_transport": ["DirectTransportOptions"],
    "Router.pipe_to_router": ["PipeToRouterOptions", "PipeToRouterListenInfo", "PipeToRouterListenIp"],
    "Router.create_active_speaker_observer": ["ActiveSpeakerObserverOptions"],
    "Router.create_audio_level_observer": ["AudioLevelObserverOptions"],
    "Transport.produce": ["ProducerOptions"],
    "Transport.consume": ["ConsumerOptions"],
    "Transport.produce_data": ["DataProducerOptions"],
    "Transport.consume_data": ["DataConsumerOptions"],
}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_of_theirs_has_a_row(name: str) -> None:
    listed = {row.their_name for row in TABLES[name]}
    if any(row.our_names == ["sctp"] for row in TABLES[name]):
        listed |= {row.their_name for row in TABLES["SctpOptions"]}
    assert {option for kind in OPTIONS[name] for option in THEIRS[kind]} - listed == set()


def test_every_method_that_makes_something_has_a_table_of_options() -> None:
    makers = {
        f"{name}.{code.removesuffix('(…)')}"
        for name in CLASSES
        for row in TABLES[name]
        for code in row.our_codes
        if code.endswith("(…)")
    }
    assert makers - {"Transport.connect"} == {name for name in OPTIONS if "." in name}


# What this library has.


def test_everything_exported_is_named() -> None:
    assert {*library.__all__} - document.names() == set()


@pytest.mark.parametrize("module", [dumps, stats, rtp_traces], ids=lambda module: module.__name__)
def test_every_value_that_is_not_exported_is_named(module: Any) -> None:
    classes = {
        name for name, value in vars(module).items() if inspect.isclass(value) and value.__module__ == module.__name__
    }
    assert classes - document.names() == set()


def test_module_rows_name_what_is_there() -> None:
    assert THEIRS["Index"] - {row.their_name for row in TABLES["Module"]} == set()
    for row in TABLES["Module"]:
        for code in row.our_codes:
            value: Any = library
            for name in re.match(r"[\w.]+", code)[0].split("."):  # type: ignore[index]
                value = getattr(value, name)


def test_ortc_rows_name_all_functions_of_both() -> None:
    rows = TABLES["ortc"]
    assert {row.their_name for row in rows} - {None} == declarations.functions("ortc")
    assert {name for row in rows for name in row.our_names} == set(ortc.__all__)


def test_every_error_has_a_row() -> None:
    rows = re.findall(r"^\|(?: ·)* `(\w+)` \|", document.section("Errors"), re.M)
    ours = [
        value
        for value in {**vars(errors), "SchemaError": SchemaError}.values()
        if inspect.isclass(value) and issubclass(value, MediasoupError)
    ]
    assert sorted(rows) == sorted(error.__name__ for error in ours)


def _callable_of(path: str) -> Any:
    value: Any = library
    for name in path.split("."):
        value = getattr(value, name)
    return value


@pytest.mark.parametrize("name", OPTIONS)
def test_options_and_their_defaults_are_those_of_the_code(name: str) -> None:
    codes = [code for row in TABLES[name] for code in row.our_codes]
    listed = {}
    for code in codes:
        option, _, default = code.partition("=")
        listed[option] = eval(default, vars(library)) if default else inspect.Parameter.empty
    parameters = dict(inspect.signature(_callable_of(name)).parameters)
    parameters.pop("self", None)
    assert listed == {option: parameter.default for option, parameter in parameters.items()}


VALUES = [
    (heading, row)
    for heading in ("RTP", "Transports", "What is told", "Dumps", "Statistics")
    for row in TABLES[heading]
]
#: What their types of dumps and statistics are made of.
THEIR_BASES = {
    "BaseTransportDump": ["WebRtcTransportDump", "PlainTransportDump", "PipeTransportDump"],
    "BaseTransportStats": [
        "WebRtcTransportStat",
        "PlainTransportStat",
        "PipeTransportStat",
        "DirectTransportStat",
    ],
    "BaseConsumerDump": ["SimpleConsumerDump", "PipeConsumerDump", "SimulcastConsumerDump"],
    "BaseRtpStreamStats": ["RtpStreamRecvStats", "RtpStreamSendStats"],
}
#: Of consumers that have layers; the others leave them out.
LAYERS = {
    f"{which}{kind}Layer"
    for which, kind in itertools.product(("preferred", "target", "current"), ("Spatial", "Temporal"))
}


@pytest.mark.parametrize(("heading", "row"), VALUES, ids=[row.theirs.strip("`") for _, row in VALUES])
def test_values_have_their_fields_as_json(heading: str, row: Row) -> None:
    their_name = row.their_name or ""
    bases = [base for base, kinds in THEIR_BASES.items() if their_name in kinds]
    theirs = {field for kind in [their_name, *bases] for field in THEIRS[kind]}
    (name,) = row.our_names
    cls = next(getattr(place, name) for place in (library, dumps, stats) if hasattr(place, name))
    if not issubclass(cls, msgspec.Struct):
        assert {*cls.__dataclass_fields__} == theirs
        return
    ours = {field.encode_name for field in msgspec.structs.fields(cls)}
    optional = LAYERS if cls is dumps.ConsumerDump else set()
    # What is said of a value holds for those that extend it.
    kin = {base.__name__ for base in cls.__mro__}
    rows = (other for _, other in VALUES if kin & {*other.our_names})
    said = {code for other in (row, *rows) for code in CODE.findall(other.differs)}
    assert (ours ^ theirs) - optional - said == set()


# Objects of all kinds in a real worker.


class Objects(NamedTuple):
    """One of each kind; the router and its children are in the worker."""

    Worker: library.Worker
    WebRtcServer: library.WebRtcServer
    Router: library.Router
    WebRtcTransport: library.WebRtcTransport
    PlainTransport: library.PlainTransport
    PipeTransport: library.PipeTransport
    DirectTransport: library.DirectTransport
    Producer: library.Producer
    Consumer: library.Consumer
    DataProducer: library.DataProducer
    DataConsumer: library.DataConsumer
    ActiveSpeakerObserver: library.ActiveSpeakerObserver
    AudioLevelObserver: library.AudioLevelObserver
    Signal: library.Signal[()]


LOOPBACK = ListenInfo(protocol="udp", ip="127.0.0.1")


async def _make_objects(worker: Worker) -> Objects:
    server = await worker.create_webrtc_server(listen_infos=[LOOPBACK])
    router = await worker.create_router(media_codecs=MEDIA_CODECS)
    webrtc = await router.create_webrtc_transport(webrtc_server=server, enable_sctp=True)
    stream = SctpStreamParameters(stream_id=1)
    producer = await webrtc.produce(kind="video", rtp_parameters=SIMULCAST)
    data_producer = await webrtc.produce_data(sctp_stream_parameters=stream)
    return Objects(
        Worker=worker,
        WebRtcServer=server,
        Router=router,
        WebRtcTransport=webrtc,
        PlainTransport=await router.create_plain_transport(listen_info=LOOPBACK),
        PipeTransport=await router.create_pipe_transport(listen_info=LOOPBACK),
        DirectTransport=await router.create_direct_transport(),
        Producer=producer,
        Consumer=await webrtc.consume(producer_id=producer.id, rtp_capabilities=RECEIVER),
        DataProducer=data_producer,
        DataConsumer=await webrtc.consume_data(data_producer_id=data_producer.id),
        ActiveSpeakerObserver=await router.create_active_speaker_observer(),
        AudioLevelObserver=await router.create_audio_level_observer(),
        Signal=server.on_close,
    )


async def test_every_public_attribute_has_a_row_and_no_other(worker: Worker) -> None:
    for thing in await _make_objects(worker):
        public = {name for name in dir(thing) if not name.startswith("_")}
        listed = {name for row in _rows_of(type(thing)) for name in row.our_names}
        assert listed - {"len"} == public, type(thing)


async def test_methods_take_what_their_rows_say(worker: Worker) -> None:
    for thing in await _make_objects(worker):
        # A class's own row comes before that of the class it inherits from.
        codes: dict[str, str] = {}
        for code in (code for row in _rows_of(type(thing)) for code in row.our_codes):
            codes.setdefault(code.partition("(")[0], code)
        for name, code in codes.items():
            method, arguments = getattr(thing, name, None), code.partition("(")[2]
            if callable(method) and arguments != "…)":
                assert list(inspect.signature(method).parameters) == NAME.findall(arguments), code


#: What methods with required arguments are called with.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "set_max_incoming_bitrate": {"bitrate": 1_000_000},
    "set_max_outgoing_bitrate": {"bitrate": 1_000_000},
    "set_min_outgoing_bitrate": {"bitrate": 100_000},
    "set_preferred_layers": {"spatial_layer": 1},
    "set_priority": {"priority": 2},
    "set_buffered_amount_low_threshold": {"threshold": 1},
    "set_subchannels": {"subchannels": [1]},
    "add_subchannel": {"subchannel": 2},
    "remove_subchannel": {"subchannel": 2},
    "send": {"message": b"hello"},
}
MAKERS = re.compile("create_|produce|consume|pipe_to_router|adopt_")


async def _call_everything(objects: Objects) -> None:
    """Call every coroutine method that makes nothing, then close everything."""
    producer_id = objects.Producer.id
    own_arguments: dict[tuple[object, str], dict[str, Any]] = {
        (objects.WebRtcTransport, "connect"): {"dtls_parameters": DTLS_CLIENT},
        (objects.PlainTransport, "connect"): {"ip": "127.0.0.1", "port": 9, "rtcp_port": None},
        (objects.PipeTransport, "connect"): {"ip": "127.0.0.1", "port": 9},
    }
    for observer in (objects.ActiveSpeakerObserver, objects.AudioLevelObserver):
        own_arguments[observer, "add_producer"] = own_arguments[observer, "remove_producer"] = {
            "producer_id": producer_id
        }
    for thing in objects[:-1]:
        for name, method in inspect.getmembers(thing, inspect.iscoroutinefunction):
            if name.startswith("_") or MAKERS.match(name) or name in ("spawn", "attach", "wait_exited"):
                continue
            # Some make no sense for this object, such as messages before SCTP is connected.
            with contextlib.suppress(RequestRefusedError, UnsupportedError):
                await method(**own_arguments.get((thing, name), ARGUMENTS.get(name, {})))
    objects.DirectTransport.send_rtcp(sender_report(1))
    objects.Producer.send(vp8_packet(1))
    objects.DataProducer.send("hello")
    for thing in reversed(objects[:-1]):
        thing.close()


async def test_every_request_of_the_schema_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: set[str] = set()

    def spy_on(way: Callable[..., Any]) -> Callable[..., Any]:
        def spy(self: Channel, name: str, *args: Any, **kwargs: Any) -> Any:
            sent.add(name)
            return way(self, name, *args, **kwargs)

        return spy

    for way in (Channel.request, Channel.post, Channel.notify):
        monkeypatch.setattr(Channel, way.__name__, spy_on(way))
    worker = await Worker.spawn()
    objects = await _make_objects(worker)
    await objects.Router.create_webrtc_transport(listen_infos=[LOOPBACK])
    await _call_everything(objects)
    await worker.wait_exited()
    # The worker has no handler for transport_connect: each kind of transport has a request of its own.
    expected = {*_names("FBS.Request.Method")} - {"transport_connect"} | TO_WORKER
    assert sent == expected


#: The notifications that workers take; they send all others.
TO_WORKER = {"worker_close", "transport_send_rtcp", "producer_send", "dataproducer_send"}


def _names(enum: str) -> list[str]:
    kind = Schema.load(SCHEMAS).types[enum]
    assert isinstance(kind, Enum)
    return list(kind.numbers)


def test_every_notification_of_the_schema_is_handled() -> None:
    texts = {
        node.value
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert {*_names("FBS.Notification.Event")} - texts == set()


def test_the_whole_protocol_is_listed() -> None:
    requests, notifications = _names("FBS.Request.Method"), _names("FBS.Notification.Event")
    assert (len(requests), len(notifications)) == (68, 33)
    codes = CODE.findall(document.section("Requests and notifications"))
    listed = [code.lower() for code in codes if code.isupper()]
    assert sorted(listed) == sorted([*requests, *notifications])


# The examples.


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """The run directory of the examples, from where they run."""
    return tmp_path / "var/run"


@pytest.fixture
async def sidecar_with_a_worker(sidecar_process: SidecarProcess) -> None:
    sidecar = Sidecar(sidecar_process.run_dir)
    sidecar.start()
    (await sidecar.attach(0)).worker.close()
    await sidecar.close()


@pytest.fixture
async def their_workers() -> AsyncIterator[list[Worker]]:
    """The workers that the examples have made; those left open by one that failed are closed."""
    made: list[Worker] = []
    library.on_new_worker.add(made.append)
    yield made
    library.on_new_worker.remove(made.append)
    for worker in made:
        worker.close()
        await worker.wait_exited()


@pytest.mark.usefixtures("sidecar_with_a_worker")
async def test_the_examples_run_one_after_the_other(
    their_workers: list[Worker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "examples"}
    for example in document.examples():
        code = compile(example, "docs/mediasoup.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        running = eval(code, names)
        if running is not None:
            await running
    assert [worker.closed for worker in their_workers] == [True, True, True, True]


def test_links_within_the_document_lead_somewhere() -> None:
    assert {*re.findall(r"\]\(#([^)]+)\)", document.TEXT)} - document.anchors() == set()
