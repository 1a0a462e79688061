/** HTML that is safe to put into a page: made by `html` and `scriptOf` alone. */
export class Html {
  readonly text: string;
  /** The texts of the scripts in it, which the page's content security policy names by their hashes. */
  readonly scripts: readonly string[];

  private constructor(text: string, scripts: readonly string[]) {
    this.text = text;
    this.scripts = scripts;
  }

  /** For what is HTML already and of our own, as a style or a policy is: everything else goes through `html`. */
  static trusted(text: string, scripts: readonly string[] = []): Html {
    return new Html(text, scripts);
  }
}

export type HtmlPart = Html | string | number | readonly HtmlPart[];

/**
 * A template of HTML: what is put into it is escaped, wherever it stands (content, or an attribute in
 * quotes), unless it is HTML itself. This is the one place where text becomes HTML.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  const made = parts.map(htmlOf);
  const text = strings.map((string, i) => string + (made[i]?.text ?? '')).join('');
  return Html.trusted(
    text,
    made.flatMap(({ scripts }) => scripts),
  );
}

function htmlOf(part: HtmlPart): Html {
  if (part instanceof Html) return part;
  if (typeof part === 'string' || typeof part === 'number') return Html.trusted(escaped(`${part}`));
  const made = part.map(htmlOf);
  return Html.trusted(
    made.map(({ text }) => text).join(''),
    made.flatMap(({ scripts }) => scripts),
  );
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A script of ours; data come into it by `scriptJson`. @throws Error for one that would end itself. */
export function scriptOf(script: string): Html {
  if (/<\/script|<!--/i.test(script))
    throw new Error('a script ends, or comments out, its element');
  return Html.trusted(`<script>${script}</script>`, [script]);
}

/** A value as JSON that cannot end the script element it stands in. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
