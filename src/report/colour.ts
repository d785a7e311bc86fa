// Colours of the pictures. Made in OKLCH (Ottosson 2020), where equal numbers look equally light, so that every class is
// as visible on white as on black.

/**
 * Of the first and the last class: seen on both backgrounds, and rising, so that hues that are one to an eye without green
 * cones differ in lightness. Of nine classes the closest two are 0.03 apart in OKLab to such an eye; at one lightness, 0.007.
 */
const FIRST_LIGHTNESS = 0.49;
const LAST_LIGHTNESS = 0.7;
const CLASS_CHROMA = 0.13;
/** Hues of the first and the last class, in degrees: blue over green to pink, so that the order of the classes shows. */
const FIRST_HUE = 280;
const LAST_HUE = -20;

/** Colours of `count` classes in order, as #rrggbb. */
export function classColours(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const fraction = count > 1 ? index / (count - 1) : 0;
    const lightness = FIRST_LIGHTNESS + fraction * (LAST_LIGHTNESS - FIRST_LIGHTNESS);
    return toHex(oklch(lightness, CLASS_CHROMA, FIRST_HUE + fraction * (LAST_HUE - FIRST_HUE)));
  });
}

/** A ramp from dark blue to light yellow for 0..1, as three bytes: small distances are dark. */
export function rampColour(fraction: number): [red: number, green: number, blue: number] {
  const f = Math.min(1, Math.max(0, fraction));
  return oklch(0.2 + 0.74 * f, 0.06 + 0.09 * Math.sin(Math.PI * f) + 0.04 * f, 290 - 195 * f);
}

export function toHex(bytes: readonly number[]): string {
  return `#${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function oklch(lightness: number, chroma: number, hueDegrees: number): [number, number, number] {
  const hue = (hueDegrees * Math.PI) / 180;
  const a = chroma * Math.cos(hue);
  const b = chroma * Math.sin(hue);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    toByte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    toByte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    toByte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** The transfer function of sRGB, clipped to its gamut. */
function toByte(linear: number): number {
  const clipped = Math.min(1, Math.max(0, linear));
  const encoded = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
  return Math.round(255 * encoded);
}
