import { findPhoneNumbersInText } from 'libphonenumber-js';
import type { CountryCode } from 'libphonenumber-js';
import type { Detector } from './span.ts';

/** No number of any country has fewer: most text need not be looked through. */
const DIGITS_MIN = 5;

/** Numbers with a country code; with `country`, also those written as at home there. */
export const phoneFinder = (country: CountryCode | undefined): Detector => {
  const options = country === undefined ? {} : { defaultCountry: country };
  return (text) =>
    // The library takes what follows a comma for an extension, and so the first half of the next number.
    [...text.matchAll(/[^,;\n]+/g)].flatMap(({ index, 0: part }) => {
      if ((part.match(/\d/g)?.length ?? 0) < DIGITS_MIN) return [];
      return findPhoneNumbersInText(part, options).map(({ startsAt, endsAt }) => ({
        start: index + startsAt,
        end: index + endsAt,
      }));
    });
};
