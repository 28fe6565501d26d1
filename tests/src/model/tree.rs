//! Trees as RFC 9162 §2.1 defines them, word for word: from all leaves, by recursion, each time anew.

use peal_spec::hash::{Hash, node, plain};

/// The largest power of two below `n`, for `n` of at least 2.
fn split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

/// §2.1.1: the root over leaf hashes.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => plain(b""),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&root(left), &root(right))
        }
    }
}

/// §2.1.3.1: the inclusion path of leaf `m`.
pub fn inclusion(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut path, other) =
        if m < k { (inclusion(m, left), root(right)) } else { (inclusion(m - k, right), root(left)) };
    path.push(other);
    path
}

/// §2.1.4.1: the consistency proof from the first `m` leaves to all, for 0 < m ≤ their number.
pub fn consistency(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    fn subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
        if m == leaves.len() {
            return if whole { Vec::new() } else { vec![root(leaves)] };
        }
        let k = split(leaves.len());
        let (left, right) = leaves.split_at(k);
        let (mut proof, other) = if m <= k {
            (subproof(m, left, whole), root(right))
        } else {
            (subproof(m - k, right, false), root(left))
        };
        proof.push(other);
        proof
    }
    subproof(m, leaves, true)
}

/// `spec/README.md` §3: the set proof of several leaves at once.
pub fn set(indexes: &[usize], leaves: &[Hash]) -> Vec<Hash> {
    fn walk(start: usize, leaves: &[Hash], indexes: &[usize], list: &mut Vec<Hash>) {
        if !indexes.iter().any(|i| (start..start + leaves.len()).contains(i)) {
            return list.push(root(leaves));
        }
        if leaves.len() == 1 {
            return;
        }
        let k = split(leaves.len());
        walk(start, &leaves[..k], indexes, list);
        walk(start + k, &leaves[k..], indexes, list);
    }
    let mut list = Vec::new();
    walk(0, leaves, indexes, &mut list);
    list
}
