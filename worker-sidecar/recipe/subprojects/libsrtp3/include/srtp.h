// What mediasoup-worker uses of libsrtp 3, over libsrtp 2.
//
// Version 3 made the policy an opaque object and gave the four packet calls an output of their own.
// The calls that kept their name but not their parameters are C++ overloads of libsrtp 2's.
#ifndef CONNECT_LIBSRTP3_SRTP_H
#define CONNECT_LIBSRTP3_SRTP_H

#include <srtp2/srtp.h>

#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

// Error codes that version 2 does not have.
inline constexpr auto srtp_err_status_buffer_small = static_cast<srtp_err_status_t>(28);
inline constexpr auto srtp_err_status_cryptex_err  = static_cast<srtp_err_status_t>(29);

/** A version 2 policy, and the master key and salt that it points to. */
struct srtp3_policy
{
	::srtp_policy_t settings{};
	unsigned char keyAndSalt[SRTP_MAX_KEY_LEN]{};
	size_t expectedKeyLen{ 0 };
	size_t expectedSaltLen{ 0 };

	~srtp3_policy()
	{
		// A plain memset() of memory that is about to be freed would be optimized away.
		volatile unsigned char* secret = keyAndSalt;

		for (size_t i{ 0 }; i < sizeof(keyAndSalt); ++i)
		{
			secret[i] = 0;
		}
	}
};

inline srtp_err_status_t srtp_policy_create(srtp3_policy** policy)
{
	*policy = new (std::nothrow) srtp3_policy();

	return *policy ? srtp_err_status_ok : srtp_err_status_alloc_fail;
}

inline void srtp_policy_destroy(srtp3_policy* policy)
{
	delete policy;
}

inline srtp_err_status_t srtp_policy_set_ssrc(srtp3_policy* policy, srtp_ssrc_t ssrc)
{
	policy->settings.ssrc = ssrc;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_profile(srtp3_policy* policy, srtp_profile_t profile)
{
	const auto err = srtp_crypto_policy_set_from_profile_for_rtp(&policy->settings.rtp, profile);

	if (err != srtp_err_status_ok)
	{
		return err;
	}

	policy->expectedKeyLen  = srtp_profile_get_master_key_length(profile);
	policy->expectedSaltLen = srtp_profile_get_master_salt_length(profile);

	return srtp_crypto_policy_set_from_profile_for_rtcp(&policy->settings.rtcp, profile);
}

inline srtp_err_status_t srtp_policy_add_key(
  srtp3_policy* policy,
  const uint8_t* key,
  size_t keyLen,
  const uint8_t* salt,
  size_t saltLen,
  const uint8_t* /*mki*/,
  size_t mkiLen)
{
	// Version 2 reads as many bytes as the profile says, without a length: it must be set, and match.
	if (
	  keyLen == 0 || keyLen != policy->expectedKeyLen || saltLen != policy->expectedSaltLen ||
	  keyLen + saltLen > sizeof(policy->keyAndSalt) || mkiLen != 0)
	{
		return srtp_err_status_bad_param;
	}

	std::memcpy(policy->keyAndSalt, key, keyLen);
	std::memcpy(policy->keyAndSalt + keyLen, salt, saltLen);
	policy->settings.key = policy->keyAndSalt;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_allow_repeat_tx(srtp3_policy* policy, bool allow)
{
	policy->settings.allow_repeat_tx = allow ? 1 : 0;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_window_size(srtp3_policy* policy, size_t windowSize)
{
	policy->settings.window_size = static_cast<unsigned long>(windowSize);

	return srtp_err_status_ok;
}

/** Version 2 copies the key, so the policy may be destroyed afterwards. */
inline srtp_err_status_t srtp_create(srtp_t* session, srtp3_policy* policy)
{
	return srtp_create(session, &policy->settings);
}

inline srtp_err_status_t srtp_stream_remove(srtp_t session, uint32_t ssrc)
{
	// Both versions take the SSRC in network byte order.
	return srtp_remove_stream(session, ssrc);
}

/** Run one of version 2's calls, which work in place, from `in` to `out`. */
template<typename InPlace>
inline srtp_err_status_t srtp3_copy_and_run(
  const uint8_t* in, size_t inLen, uint8_t* out, size_t* outLen, size_t growth, InPlace inPlace)
{
	if (inLen > static_cast<size_t>(INT_MAX) - growth)
	{
		return srtp_err_status_bad_param;
	}

	if (*outLen < inLen + growth)
	{
		return srtp_err_status_buffer_small;
	}

	if (out != in)
	{
		std::memmove(out, in, inLen);
	}

	auto len       = static_cast<int>(inLen);
	const auto err = inPlace(out, &len);

	if (err == srtp_err_status_ok)
	{
		*outLen = static_cast<size_t>(len);
	}

	return err;
}

inline srtp_err_status_t srtp_protect(
  srtp_t session, const uint8_t* rtp, size_t rtpLen, uint8_t* srtp, size_t* srtpLen, size_t /*mkiIndex*/)
{
	return srtp3_copy_and_run(
	  rtp, rtpLen, srtp, srtpLen, SRTP_MAX_TRAILER_LEN,
	  [session](void* packet, int* len) { return ::srtp_protect(session, packet, len); });
}

inline srtp_err_status_t srtp_unprotect(
  srtp_t session, const uint8_t* srtp, size_t srtpLen, uint8_t* rtp, size_t* rtpLen)
{
	return srtp3_copy_and_run(
	  srtp, srtpLen, rtp, rtpLen, 0,
	  [session](void* packet, int* len) { return ::srtp_unprotect(session, packet, len); });
}

inline srtp_err_status_t srtp_protect_rtcp(
  srtp_t session, const uint8_t* rtcp, size_t rtcpLen, uint8_t* srtcp, size_t* srtcpLen, size_t /*mkiIndex*/)
{
	// An SRTCP packet also carries its index, 4 bytes that SRTP_MAX_TRAILER_LEN does not count.
	return srtp3_copy_and_run(
	  rtcp, rtcpLen, srtcp, srtcpLen, SRTP_MAX_TRAILER_LEN + sizeof(uint32_t),
	  [session](void* packet, int* len) { return ::srtp_protect_rtcp(session, packet, len); });
}

inline srtp_err_status_t srtp_unprotect_rtcp(
  srtp_t session, const uint8_t* srtcp, size_t srtcpLen, uint8_t* rtcp, size_t* rtcpLen)
{
	return srtp3_copy_and_run(
	  srtcp, srtcpLen, rtcp, rtcpLen, 0,
	  [session](void* packet, int* len) { return ::srtp_unprotect_rtcp(session, packet, len); });
}

// From here on the name means the opaque object of version 3.
#define srtp_policy_t srtp3_policy*

#endif
