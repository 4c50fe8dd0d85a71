/** Declarations of the parameters of an address. A default is not in the address. */

export interface Parameter<Value> {
  byDefault: Value;
  /** Undefined if the text is not a value: it then counts as left out, and the page shows a notice. */
  read: (text: string) => Value | undefined;
  /** A method, so that a parameter of any value is one of a declaration. */
  write(value: Value): string;
}

export type Declaration = Readonly<Record<string, Parameter<unknown>>>;
export type ValuesOf<D> = { [Name in keyof D]: D[Name] extends Parameter<infer Value> ? Value : never };

export function oneOf<const Value extends string>(values: readonly Value[], byDefault: Value): Parameter<Value> {
  return { byDefault, read: (text) => values.find((value) => value === text), write: String };
}

export function text(byDefault = ''): Parameter<string> {
  return { byDefault, read: (value) => value, write: String };
}

/** Undefined in the values if it is absent. */
export function optionalText(): Parameter<string | undefined> {
  return { byDefault: undefined, read: (value) => value, write: (value) => value ?? '' };
}

export function flag(): Parameter<boolean> {
  return {
    byDefault: false,
    read: (value) => (value === 'yes' ? true : value === 'no' ? false : undefined),
    write: (value) => (value ? 'yes' : 'no'),
  };
}

/** A whole number from 1 on, optionally one of some. */
export function number(byDefault: number, allowed?: readonly number[]): Parameter<number> {
  return {
    byDefault,
    read: (value) => {
      const parsed = /^\d{1,6}$/.test(value) ? Number(value) : 0;
      return parsed > 0 && (allowed?.includes(parsed) ?? true) ? parsed : undefined;
    },
    write: String,
  };
}

/** Values with commas between them; a comma within a value is escaped. */
export function list(): Parameter<readonly string[]> {
  return {
    byDefault: [],
    read: (value) => value.split(',').filter(Boolean).map(unescape),
    write: (values) => values.map((one) => one.replace(/[%,]/g, encodeURIComponent)).join(','),
  };
}

function unescape(value: string): string {
  return value.replaceAll('%2C', ',').replaceAll('%25', '%');
}

export function valuesOf<D extends Declaration>(declaration: D, params: URLSearchParams): ValuesOf<D> {
  const values = Object.entries(declaration).map(([name, { byDefault, read }]) => {
    const given = params.get(name);
    return [name, given === null ? byDefault : (read(given) ?? byDefault)];
  });
  return Object.fromEntries(values) as ValuesOf<D>;
}

/** The same parameters with the given values. Other parameters stay. */
export function withValues<D extends Declaration>(
  declaration: D,
  params: URLSearchParams,
  values: Partial<ValuesOf<D>>,
): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(values)) {
    const parameter = declaration[name];
    if (parameter === undefined) {
      throw new TypeError(`The parameter ${name} is not declared`);
    }
    const written = value === undefined ? null : parameter.write(value);
    if (written === null || written === parameter.write(parameter.byDefault)) {
      next.delete(name);
    } else {
      next.set(name, written);
    }
  }
  return next;
}

/** The parameters that are not declared, twice in the address, or without a valid value. */
export function unusedParameters(declarations: readonly Declaration[], params: URLSearchParams): string[] {
  return [...new Set(params.keys())].filter((name) => {
    const given = params.getAll(name);
    const parameter = declarations.find((declaration) => name in declaration)?.[name];
    return given.length > 1 || parameter?.read(given[0] ?? '') === undefined;
  });
}
