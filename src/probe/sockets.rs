//! What a container listens on, from `/proc/net/tcp` and `/proc/net/tcp6`.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::ListenSocket;
use crate::engine::{ListenRow, listen_rows};

/// The engine's own name server listens in each container.
const ENGINE_DNS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 11);
/// Sockets that are kept, as a bound on what a container can make us hold.
const MOST: usize = 64;

/// The listening sockets in the text of one or both files; what cannot be read is passed over.
pub(crate) fn listening(text: &str) -> Vec<ListenSocket> {
    let mut sockets: Vec<ListenSocket> = listen_rows(text).filter_map(socket).collect();
    sockets.sort();
    sockets.dedup();
    sockets.truncate(MOST);
    sockets
}

fn socket(row: ListenRow<'_>) -> Option<ListenSocket> {
    let (address, port) = (row.address, row.port);
    let address = match address.len() {
        8 => {
            let address = Ipv4Addr::from(u32::from_str_radix(address, 16).ok()?.swap_bytes());
            if address == ENGINE_DNS {
                return None;
            }
            address.to_string()
        }
        32 => {
            let mut bytes = [0u8; 16];
            for (word, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                let hex = address.get(word * 8..word * 8 + 8)?;
                chunk.copy_from_slice(&u32::from_str_radix(hex, 16).ok()?.swap_bytes().to_be_bytes());
            }
            let address = Ipv6Addr::from(bytes);
            address.to_ipv4_mapped().map_or_else(|| address.to_string(), |mapped| mapped.to_string())
        }
        _ => return None,
    };
    Some(ListenSocket { address, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0B00007F:8D1F 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 00000000:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
   2: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0
   3: 030014AC:1388 020014AC:A0A0 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0 0 0 0 10 0
  sl  local_address                         remote_address                        st tx_queue
   0: 00000000000000000000000000000000:1538 00000000000000000000000000000000:0000 0A 0 0 0
   1: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0 0 0
   2: 0000000000000000FFFF00000100007F:1F91 00000000000000000000000000000000:0000 0A 0 0 0
";

    #[test]
    fn listening_sockets_only_and_not_the_engines() {
        let found: Vec<(String, u16)> = listening(TEXT).into_iter().map(|s| (s.address, s.port)).collect();
        let expected = [("0.0.0.0", 5000), ("127.0.0.1", 80), ("127.0.0.1", 8081), ("::", 5432), ("::1", 8080)];
        assert_eq!(found, expected.map(|(address, port)| (address.to_string(), port)));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "([0-9A-Fa-fä]{0,34}:?[0-9A-F]{0,6}[ \n]?){0,30}") {
            listening(&text);
        }
    }
}
