use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// First address and prefix length of what is not public in IPv4, after IANA's registry of special
/// addresses; what is deprecated there counts as not public.
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8),           // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // a provider's own
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // this machine
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, clouds' metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // relays of 6to4, deprecated
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // measurements
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, broadcast
];

/// The same inside of the global unicast addresses of IPv6; all outside of these is not public.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo among them
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4, which hides an IPv4 address
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

const GLOBAL_UNICAST: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Behind it stands an IPv4 address that a translator leads to. On networks without IPv4 every name
/// leads there, so the address behind it decides.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Whether the address is one of the public internet. When in doubt, it is not.
pub(super) fn is_public(address: IpAddr) -> bool {
    match canonical(address) {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|block| is_in_v4(address, *block)),
        IpAddr::V6(address) if is_in_v6(address, NAT64) => {
            let [.., a, b, c, d] = address.octets();
            is_public(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
        }
        IpAddr::V6(address) => {
            is_in_v6(address, GLOBAL_UNICAST) && !SPECIAL_V6.iter().any(|block| is_in_v6(address, *block))
        }
    }
}

/// The IPv4 address where IPv6 only wraps one: the system connects to that.
pub(super) fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn is_in_v4(address: Ipv4Addr, (first, length): (Ipv4Addr, u32)) -> bool {
    (address.to_bits() ^ first.to_bits()).leading_zeros() >= length
}

fn is_in_v6(address: Ipv6Addr, (first, length): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ first.to_bits()).leading_zeros() >= length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expect: bool, addresses: &[&str]) {
        for text in addresses {
            let address: IpAddr = text.parse().expect("an address");
            assert_eq!(is_public(address), expect, "{text}");
        }
    }

    #[test]
    fn addresses_of_the_public_internet() {
        check(true, &["1.1.1.1", "8.8.8.8", "93.184.216.34", "9.255.255.255", "11.0.0.0", "100.63.255.255"]);
        check(true, &["100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0"]);
        check(true, &["172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0"]);
        check(true, &["192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255"]);
        check(true, &["203.0.112.255", "203.0.114.0", "223.255.255.255"]);
        check(true, &["2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450:4001::1", "2001:200::1"]);
    }

    #[test]
    fn this_machine_and_its_networks() {
        check(
            false,
            &["127.0.0.1", "127.1.2.3", "127.255.255.255", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255"],
        );
        check(false, &["172.16.0.0", "172.31.255.255", "192.168.0.1", "192.168.255.255", "169.254.169.254"]);
        check(false, &["100.64.0.0", "100.127.255.255", "::", "::1", "fe80::1", "febf::1", "fec0::1", "fc00::1"]);
        check(false, &["fd00:ec2::254", "fdff::1"]);
    }

    #[test]
    fn reserved_addresses() {
        check(false, &["192.0.0.1", "192.0.0.170", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255"]);
        check(false, &["198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"]);
        check(false, &["ff02::1", "ff0e::1", "100::1", "2001:db8::1", "3fff::1", "3fff:fff::1", "5f00::1", "4000::1"]);
        check(false, &["2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff::1", "64:ff9b:1::1"]);
    }

    #[test]
    fn addresses_that_hide_another() {
        check(false, &["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0"]);
        check(true, &["::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]);
        check(false, &["64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::c0a8:1"]);
        // Deprecated ways to wrap an address are refused whatever is inside.
        check(false, &["::127.0.0.1", "::8.8.8.8", "2002:7f00:1::1", "2002:808:808::1", "2001:0:1234::1"]);
        check(false, &["::ffff:0:8.8.8.8"]);
    }
}
