"""SRTP keys."""

from app.mediasoup.srtp_parameters import SrtpParameters


def test_a_key_does_not_show_in_what_is_logged() -> None:
    parameters = SrtpParameters(crypto_suite="AES_CM_128_HMAC_SHA1_80", key_base64="ZmFrZQ==")
    assert repr(parameters) == "SrtpParameters(crypto_suite='AES_CM_128_HMAC_SHA1_80')"


def test_suites_are_spelled_as_the_worker_and_as_clients_do() -> None:
    parameters = SrtpParameters(crypto_suite="AEAD_AES_256_GCM", key_base64="ZmFrZQ==")
    assert parameters.to_table() == {"crypto_suite": "aead_aes_256_gcm", "key_base64": "ZmFrZQ=="}
    assert SrtpParameters.from_table(parameters.to_table()) == parameters
