/** A parameter as Stripe reads it from a form: `metadata[payment_id]=…`, `expand[0]=…`. */
export type FormValue = string | readonly FormValue[] | FormFields;

export interface FormFields {
  readonly [name: string]: FormValue;
}

interface Branch {
  [name: string]: string | Branch;
}

/** The parameters of a request body or a query. Throws a sentence where a name is no path. */
export function parseForm(text: string): FormFields {
  const root: Branch = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) put(root, pathOf(name), value);
  return fieldsOf(root);
}

function pathOf(name: string): string[] {
  const match = /^([\w-]+)((?:\[[\w-]*\])*)$/.exec(name);
  if (match?.[1] === undefined) throw new Error(`no parameter can have the name ${name}`);
  return [
    match[1],
    ...(match[2] ?? '')
      .split('[')
      .slice(1)
      .map((part) => part.slice(0, -1)),
  ];
}

function put(root: Branch, path: readonly string[], value: string): void {
  let branch = root;
  for (const part of path.slice(0, -1)) {
    const next = branch[part] ?? Object.create(null);
    if (typeof next === 'string') throw new Error(`${path.join('.')} is a value and a list at once`);
    branch[part] = next;
    branch = next;
  }
  const last = path.at(-1) ?? '';
  if (branch[last] !== undefined) throw new Error(`${path.join('.')} is given twice`);
  branch[last] = value;
}

function fieldsOf(branch: Branch): FormFields {
  return Object.fromEntries(Object.entries(branch).map(([name, value]) => [name, formValue(value)]));
}

/** Names that count from 0 are a list. */
function formValue(value: string | Branch): FormValue {
  if (typeof value === 'string') return value;
  const names = Object.keys(value);
  return names.length > 0 && names.every((name, index) => name === String(index))
    ? Object.values(value).map(formValue)
    : fieldsOf(value);
}
