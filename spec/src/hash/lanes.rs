//! The compression function of SHA-256 on two messages side by side.
//!
//! A round waits for the one before it, and a processor with the SHA extensions could do two in that time: another message's fits in
//! between, so that two take hardly longer than one. `sha2` takes one at a time, and does the work where those extensions are missing.
//!
//! Source: FIPS 180-4 §6.2.2.

use sha2::block_api::compress256;

/// A block of a message.
pub(super) type Block = [u8; 64];

/// The words between blocks.
pub(super) type State = [u32; 8];

/// Compresses the blocks of two messages. The longer one goes on alone.
#[inline]
pub(super) fn compress_two(states: &mut [State; 2], [a, b]: [&[Block]; 2]) {
    let both = a.len().min(b.len());
    let (a, a_rest) = a.split_at(both);
    let (b, b_rest) = b.split_at(both);
    if !extended::compress_two(states, [a, b]) {
        compress256(&mut states[0], a);
        compress256(&mut states[1], b);
    }
    for (state, rest) in states.iter_mut().zip([a_rest, b_rest]) {
        if !rest.is_empty() {
            compress256(state, rest);
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod extended {
    use super::{Block, State};

    pub(super) fn compress_two(_: &mut [State; 2], _: [&[Block]; 2]) -> bool {
        false
    }
}

#[cfg(target_arch = "x86_64")]
mod extended {
    use std::arch::x86_64::{
        __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_extract_epi32, _mm_set_epi32, _mm_set_epi64x,
        _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8,
        _mm_shuffle_epi32,
    };
    use std::array::from_fn;

    use super::{Block, State};

    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4 §4.2.2).
    const K: [[u32; 4]; 16] = [
        [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5],
        [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5],
        [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3],
        [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
        [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc],
        [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da],
        [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7],
        [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
        [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13],
        [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85],
        [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3],
        [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
        [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5],
        [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3],
        [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208],
        [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
    ];

    /// Compresses as many blocks of either message as both have; false if this processor cannot.
    #[inline]
    pub(super) fn compress_two(states: &mut [State; 2], blocks: [&[Block]; 2]) -> bool {
        let able = is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("sse4.1")
            && is_x86_feature_detected!("ssse3");
        if able {
            #[expect(unsafe_code, reason = "the processor has what the function is compiled for")]
            // SAFETY: asked for one line above. The function itself is safe code: it takes and returns values, and no pointer.
            unsafe {
                with_extensions(states, blocks);
            }
        }
        able
    }

    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn with_extensions(states: &mut [State; 2], [a, b]: [&[Block]; 2]) {
        let mut lanes = states.map(|state| packed(&state));
        for pair in a.iter().zip(b) {
            let before = lanes;
            let mut words = [schedule_start(pair.0), schedule_start(pair.1)];
            for (group, k) in K.iter().enumerate() {
                let k = vector(*k);
                if group >= 4 {
                    words.iter_mut().for_each(|w| extend(w, group));
                }
                let low: [__m128i; 2] = from_fn(|lane| _mm_add_epi32(words[lane][group % 4], k));
                let high = low.map(|w| _mm_shuffle_epi32(w, 0x0e));
                for (lane, w) in lanes.iter_mut().zip(low) {
                    lane[1] = _mm_sha256rnds2_epu32(lane[1], lane[0], w);
                }
                for (lane, w) in lanes.iter_mut().zip(high) {
                    lane[0] = _mm_sha256rnds2_epu32(lane[0], lane[1], w);
                }
            }
            for (lane, before) in lanes.iter_mut().zip(before) {
                *lane = from_fn(|half| _mm_add_epi32(lane[half], before[half]));
            }
        }
        *states = lanes.map(|lane| unpacked(lane));
    }

    #[inline]
    #[target_feature(enable = "sse4.1")]
    fn vector([a, b, c, d]: [u32; 4]) -> __m128i {
        _mm_set_epi32(d as i32, c as i32, b as i32, a as i32)
    }

    /// The state as the instructions want it: words a, b, e, f, and c, d, g, h, the first one highest.
    #[inline]
    #[target_feature(enable = "sse4.1")]
    fn packed(&[a, b, c, d, e, f, g, h]: &State) -> [__m128i; 2] {
        [vector([f, e, b, a]), vector([h, g, d, c])]
    }

    #[inline]
    #[target_feature(enable = "sse4.1")]
    fn unpacked([abef, cdgh]: [__m128i; 2]) -> State {
        let [[f, e, b, a], [h, g, d, c]] = [abef, cdgh].map(|v| {
            let (low, high) = (_mm_extract_epi32::<0>(v), _mm_extract_epi32::<1>(v));
            [low, high, _mm_extract_epi32::<2>(v), _mm_extract_epi32::<3>(v)].map(|word| word as u32)
        });
        [a, b, c, d, e, f, g, h]
    }

    /// The first sixteen words of a block's message schedule.
    #[inline]
    #[target_feature(enable = "ssse3")]
    fn schedule_start(block: &Block) -> [__m128i; 4] {
        let big_endian = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
        let (quarters, _) = block.as_chunks::<16>();
        from_fn(|i| {
            let bytes = u128::from_le_bytes(quarters[i]);
            _mm_shuffle_epi8(_mm_set_epi64x((bytes >> 64) as i64, bytes as i64), big_endian)
        })
    }

    /// The next four words of the message schedule, in the place of the oldest four.
    #[inline]
    #[target_feature(enable = "sha,ssse3")]
    fn extend(words: &mut [__m128i; 4], group: usize) {
        let [oldest, second, third, last] = from_fn(|i| words[(group + i) % 4]);
        let sum = _mm_add_epi32(_mm_sha256msg1_epu32(oldest, second), _mm_alignr_epi8(last, third, 4));
        words[group % 4] = _mm_sha256msg2_epu32(sum, last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_messages_of_any_lengths_are_compressed_as_each_alone() {
        let block =
            |n: usize| -> Block { std::array::from_fn(|i| (n * 89 + i * (n + 3) + (i * i) / 7) as u8) };
        for a in 0..6 {
            for b in 0..6 {
                let messages: [Vec<Block>; 2] =
                    [(0..a).map(block).collect(), (50..50 + b).map(block).collect()];
                let start =
                    |n: u32| -> State { std::array::from_fn(|i| n.rotate_left(i as u32 * 5) ^ i as u32) };
                let mut together = [start(0x1234_5678), start(0x9abc_def1)];
                let mut alone = together;
                compress_two(&mut together, [&messages[0], &messages[1]]);
                for (state, message) in alone.iter_mut().zip(&messages) {
                    compress256(state, message);
                }
                assert_eq!(together, alone, "{a} and {b} blocks");
            }
        }
    }
}
