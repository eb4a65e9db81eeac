/** Options that JavaScript gives: a name that is none would do nothing, and nobody would know. */

/** The same options. Throws TypeError for a name that is not known. */
export function known<Options extends object>(given: Options, names: readonly (keyof Options & string)[]): Options {
  const others = Object.keys(given).filter((name) => !(names as readonly string[]).includes(name));
  if (others.length === 0) return given;
  throw new TypeError(`there is no option ${others.join(", ")}; there are ${names.join(", ")}`);
}
