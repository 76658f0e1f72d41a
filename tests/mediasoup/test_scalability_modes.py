"""Reading scalability modes."""

import pytest

from app.mediasoup.scalability_modes import ScalabilityMode, parse_scalability_mode


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("L1T3", ScalabilityMode(1, 3)),
        ("L3T2", ScalabilityMode(3, 2)),
        ("S3T1", ScalabilityMode(3, 1)),
        ("L30T3", ScalabilityMode(30, 3)),
        ("L1T6", ScalabilityMode(1, 6)),
        ("L3T2_KEY", ScalabilityMode(3, 2, ksvc=True)),
        ("L3T2_KEY_SHIFT", ScalabilityMode(3, 2, ksvc=True)),
        ("L4T7_KEY_SHIFT", ScalabilityMode(4, 7, ksvc=True)),
        ("S2T3h", ScalabilityMode(2, 3)),
    ],
)
def test_a_mode_tells_its_layers(mode: str, expected: ScalabilityMode) -> None:
    assert parse_scalability_mode(mode) == expected


@pytest.mark.parametrize("mode", [None, "", "foo", "L0T3", "L3T0", "S200T3", "l3t3", " L3T3", "L³T3", "L3"])
def test_what_is_no_mode_means_a_single_layer(mode: str | None) -> None:
    assert parse_scalability_mode(mode) == ScalabilityMode(1, 1, ksvc=False)
