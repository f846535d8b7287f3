// What QuickJS does not have and programs expect: TextEncoder, TextDecoder (UTF-8) and console.

/** Bytes turned into characters by one call: more arguments than this a call may not have everywhere. */
const AT_ONCE = 8192;
const REPLACEMENT = 0xfffd;

class Utf8Encoder {
  encoding = "utf-8";

  encode(text = "") {
    text = String(text);
    // At most three bytes for each UTF-16 unit.
    const bytes = new Uint8Array(text.length * 3);
    let end = 0;
    for (let at = 0; at < text.length; at++) {
      let point = text.codePointAt(at);
      if (point > 0xffff) at++;
      else if (point >= 0xd800 && point <= 0xdfff) point = REPLACEMENT;
      if (point < 0x80) {
        bytes[end++] = point;
      } else if (point < 0x800) {
        bytes[end++] = 0xc0 | (point >> 6);
        bytes[end++] = 0x80 | (point & 63);
      } else if (point < 0x10000) {
        bytes[end++] = 0xe0 | (point >> 12);
        bytes[end++] = 0x80 | ((point >> 6) & 63);
        bytes[end++] = 0x80 | (point & 63);
      } else {
        bytes[end++] = 0xf0 | (point >> 18);
        bytes[end++] = 0x80 | ((point >> 12) & 63);
        bytes[end++] = 0x80 | ((point >> 6) & 63);
        bytes[end++] = 0x80 | (point & 63);
      }
    }
    return bytes.slice(0, end);
  }
}

class Utf8Decoder {
  encoding = "utf-8";
  #rest = new Uint8Array(0);
  #begun = false;

  constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    if (!/^utf-?8$/i.test(label)) throw new RangeError(`this TextDecoder knows utf-8 only, not ${label}`);
    this.fatal = fatal;
    this.ignoreBOM = ignoreBOM;
  }

  decode(input = new Uint8Array(0), { stream = false } = {}) {
    let bytes = ArrayBuffer.isView(input)
      ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
      : new Uint8Array(input);
    if (this.#rest.length > 0) {
      const joined = new Uint8Array(this.#rest.length + bytes.length);
      joined.set(this.#rest);
      joined.set(bytes, this.#rest.length);
      bytes = joined;
    }
    const whole = stream ? bytes.length - unfinished(bytes) : bytes.length;
    this.#rest = bytes.slice(whole);
    let text = this.#text(bytes.subarray(0, whole));
    if (!this.#begun && text.length > 0) {
      this.#begun = true;
      if (!this.ignoreBOM && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    }
    if (!stream) this.#begun = false;
    return text;
  }

  #text(bytes) {
    let text = "";
    let units = [];
    const add = (point) => {
      if (point > 0xffff) units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
      else units.push(point);
    };
    for (let at = 0; at < bytes.length; ) {
      // Runs of ASCII, which most texts are, need no look at each byte but this one.
      let end = at;
      while (end < bytes.length && end - at < AT_ONCE && bytes[end] < 0x80) end++;
      if (end > at) {
        if (units.length > 0) text += String.fromCharCode.apply(null, units);
        units = [];
        text += String.fromCharCode.apply(null, bytes.subarray(at, end));
        at = end;
        continue;
      }
      const [point, length] = sequence(bytes, at);
      if (point === undefined && this.fatal) throw new TypeError("the bytes are not valid UTF-8");
      add(point ?? REPLACEMENT);
      at += length;
      if (units.length >= AT_ONCE - 1) {
        text += String.fromCharCode.apply(null, units);
        units = [];
      }
    }
    return units.length > 0 ? text + String.fromCharCode.apply(null, units) : text;
  }
}

/** The range of the second byte after this first one, and how many bytes there are in all. */
function lead(first) {
  if (first >= 0xc2 && first <= 0xdf) return [2, 0x80, 0xbf];
  if (first === 0xe0) return [3, 0xa0, 0xbf];
  if (first === 0xed) return [3, 0x80, 0x9f];
  if (first >= 0xe1 && first <= 0xef) return [3, 0x80, 0xbf];
  if (first === 0xf0) return [4, 0x90, 0xbf];
  if (first >= 0xf1 && first <= 0xf3) return [4, 0x80, 0xbf];
  if (first === 0xf4) return [4, 0x80, 0x8f];
  return [1, 0, 0];
}

/** The code point that begins here, none where it is not valid, and the bytes that it takes. */
function sequence(bytes, at) {
  const [length, low, high] = lead(bytes[at]);
  if (length === 1) return [undefined, 1];
  let point = bytes[at] & (0x7f >> length);
  for (let taken = 1; taken < length; taken++) {
    const byte = bytes[at + taken];
    const [least, most] = taken === 1 ? [low, high] : [0x80, 0xbf];
    if (byte === undefined || byte < least || byte > most) return [undefined, taken];
    point = (point << 6) | (byte & 63);
  }
  return [point, length];
}

/** Bytes at the end that may be the beginning of a character. */
function unfinished(bytes) {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const [length, low, high] = lead(byte);
    const second = bytes[bytes.length - back + 1];
    const fits = back === 1 || (second >= low && second <= high);
    return length > back && fits ? back : 0;
  }
  return 0;
}

const shown = (value) => {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}\n${value.stack ?? ""}`.trimEnd();
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
};

/** A console: `print` gets lines for the task's output, `log` those that are about the work. */
export function console(print, log) {
  const at = (level) => (...values) => log(level, values.map(shown).join(" "));
  return {
    log: (...values) => print(values.map(shown).join(" ")),
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    assert: (holds, ...values) => holds || log("error", ["Assertion failed:", ...values].map(shown).join(" ")),
  };
}

export { Utf8Decoder, Utf8Encoder };

globalThis.TextEncoder ??= Utf8Encoder;
globalThis.TextDecoder ??= Utf8Decoder;
