import { isIP } from 'node:net';
import type { Detector } from './span.ts';

const LENGTH_MAX = 64;

/** Addresses of version 4 and 6, a port behind them or not. */
export const findIpAddresses: Detector = (text) =>
  [...text.matchAll(/[0-9A-Fa-f:.]+/g)].flatMap(({ index, 0: run }) => {
    const isWord =
      /[\p{L}\p{N}_]/u.test(text.charAt(index - 1)) || /[\p{L}\p{N}_]/u.test(text.charAt(index + run.length));
    if (isWord || run.length > LENGTH_MAX) return [];
    const address = [run, run.replace(/[.:]+$/, ''), run.replace(/:\d{1,5}\.?$/, '')].find(
      (one) => /\d/.test(one) && isIP(one) !== 0,
    );
    return address === undefined ? [] : [{ start: index, end: index + address.length }];
  });
