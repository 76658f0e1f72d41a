"""
H264 profiles: may two ends talk, and at which level (RFC 6184, section 8.2.2).

A typed border of the package ``h264-profile-level-id``, which takes for granted that ``profile-level-id`` is six hex
digits. Clients send anything: a number is what is left of ``420010`` once an SDP parser has seen it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import h264_profile_level_id as library  # type: ignore[import-untyped]

from .rtp_parameters import ParameterValue

Parameters = Mapping[str, ParameterValue]

_SIX_HEX_DIGITS = re.compile(r"[0-9a-fA-F]{6}")


def is_same_profile(local: Parameters, remote: Parameters) -> bool:
    """Tell whether both name the same valid profile, at whatever level; none named is constrained baseline."""
    if not (_is_well_formed(local) and _is_well_formed(remote)):
        return False
    return bool(library.isSameProfile(_known(local), _known(remote)))


def profile_level_id_for_answer(local: Parameters, remote: Parameters) -> str | None:
    """
    Choose the ``profile-level-id`` of an answer; both must have the same profile.

    The level is the lower one, or the local one if both allow asymmetry. None if neither end names any.
    """
    answer: str | None = library.generateProfileLevelIdForAnswer(_known(local), _known(remote))
    return answer


def _is_well_formed(parameters: Parameters) -> bool:
    value = parameters.get("profile-level-id")
    return not value or (isinstance(value, str) and _SIX_HEX_DIGITS.fullmatch(value) is not None)


def _known(parameters: Parameters) -> dict[str, ParameterValue]:
    # An empty profile-level-id is one that is missing.
    return {key: value for key, value in parameters.items() if value or key != "profile-level-id"}
