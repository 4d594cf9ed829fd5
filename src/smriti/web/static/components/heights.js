// How high rows are and where they begin, counted from the first one, in pixels. Rows never seen are as high as the mean.

const GUESS = 96;

export class Heights {
  /** @type {Map<string, number>} */
  #known = new Map();
  #sum = 0;
  /** @type {string[]} */
  #keys = [];
  /** @type {number[]} */
  #tops = [0];
  #clean = 0; // tops up to this row are true
  #mean = 0; // of those that were seen first: were it to move, all the others would

  /** @param {string[]} keys of all rows */
  order(keys) {
    let same = 0;
    while (same < keys.length && keys[same] === this.#keys[same]) same += 1;
    this.#keys = keys;
    this.#clean = Math.min(this.#clean, same);
  }

  /** @param {string} key @param {number} height */
  set(key, height) {
    const before = this.#known.get(key);
    if (before === height) return;
    this.#sum += height - (before ?? 0);
    this.#known.set(key, height);
    this.#clean = this.#mean ? Math.min(this.#clean, Math.max(0, this.#keys.lastIndexOf(key))) : 0;
  }

  /** Where a row begins; that of the row after the last one is the height of all. @param {number} index */
  top(index) {
    const guess = this.#guess();
    for (; this.#clean < index; this.#clean += 1) {
      const height = this.#known.get(this.#keys[this.#clean] ?? "") ?? guess;
      this.#tops[this.#clean + 1] = (this.#tops[this.#clean] ?? 0) + height;
    }
    return this.#tops[index] ?? 0;
  }

  #guess() {
    if (!this.#mean && this.#known.size > 0) this.#mean = this.#sum / this.#known.size;
    return this.#mean || GUESS;
  }

  /** The row at this distance from the first one's top. @param {number} y */
  at(y) {
    let low = 0;
    let high = this.#keys.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.top(middle) <= y) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  /** @param {string} key */
  indexOf(key) {
    return this.#keys.lastIndexOf(key);
  }

  get count() {
    return this.#keys.length;
  }

  get whole() {
    return this.top(this.count);
  }
}
