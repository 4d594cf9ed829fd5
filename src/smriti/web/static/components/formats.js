// How dates and numbers are written where the reader lives. To make such a format takes some milliseconds, to use it
// hundredths of one: it is made when it is first used, and kept.

/** @param {Intl.DateTimeFormatOptions} options @returns {(date: Date) => string} */
export function dates(options) {
  /** @type {Intl.DateTimeFormat | undefined} */
  let format;
  return (date) => (format ??= new Intl.DateTimeFormat([], options)).format(date);
}

/** @param {Intl.NumberFormatOptions} options @returns {(number: number) => string} */
export function numbers(options) {
  /** @type {Intl.NumberFormat | undefined} */
  let format;
  return (number) => (format ??= new Intl.NumberFormat([], options)).format(number);
}
