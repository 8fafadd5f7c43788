/** Which addresses an outgoing request may go to. */
import ipaddr from 'ipaddr.js';

/** `10.20.0.0/16`, `10.20.0.1`, or the name of a host. */
export interface AllowedHosts {
  readonly names: ReadonlySet<string>;
  readonly ranges: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][];
}

export function allowedHosts(allowed: readonly string[]): AllowedHosts {
  const isAddress = (text: string) => ipaddr.isValid(text.split('/')[0] ?? '');
  return {
    names: new Set(allowed.filter((text) => !isAddress(text)).map((name) => name.toLowerCase())),
    ranges: allowed.filter(isAddress).map(rangeOf),
  };
}

function rangeOf(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === 'ipv6' ? 128 : 32];
}

/**
 * Whether an address is one of the public internet, or in a range that is allowed. Loopback, private, link-local,
 * carrier-grade NAT, multicast, reserved, tunnelled and translated addresses are not; an IPv4 address in an IPv6 one
 * counts as what it is.
 */
export function mayConnectTo(address: string, { ranges }: AllowedHosts): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  const isAllowed = ranges.some(([range, bits]) => range.kind() === parsed.kind() && parsed.match(range, bits));
  return isAllowed || (parsed.range() === 'unicast' && !isIpv4Compatible(parsed));
}

/** `::7f00:1`: long out of use, and still understood by some. */
const isIpv4Compatible = (address: ipaddr.IPv4 | ipaddr.IPv6): boolean =>
  address instanceof ipaddr.IPv6 && address.parts.slice(0, 6).every((part) => part === 0);
