// PatternFly's stylesheets have all of its components and themes. This plugin keeps what the built page can use: the
// class names and variables that occur in its scripts and in the styles that stay.
import postcss from 'postcss';
import { PurgeCSS } from 'purgecss';

/** Themes and variants that PatternFly's scripts name and the page never sets. */
const UNUSED = [
  /^pf-v6-theme-(?!dark$)/,
  /^pf-v6-c-table__(favorite|check|column-help|compound-expansion-toggle|draggable|tree-view)/,
  /^pf-v6-c-label__(editable|add)/,
  /^pf-m-(docked|pill|glass|no-glass|tree-view|grid-xl|grid-2xl|editable|editable-active|overflow|teal|purple|orangered|yellow|textarea)$/,
];
const NAME = /[A-Za-z0-9_-]+/g;

export function purgeCss() {
  return {
    name: 'purge-css',
    apply: 'build',
    enforce: 'post',
    async generateBundle(_options, bundle) {
      const files = Object.values(bundle);
      const scripts = files.filter(({ type }) => type === 'chunk').map(({ code }) => code);
      const styles = files.filter(({ fileName }) => fileName.endsWith('.css'));
      const purged = await purge(
        scripts,
        styles.map(({ source }) => String(source)),
      );
      const roots = purged.map((css) => postcss.parse(withoutFonts(css)));
      removeUnusedVariables(roots, scripts.join('\n'));
      styles.forEach((style, index) => {
        style.source = roots[index].toString();
      });
      dropUnreferenced(bundle, styles, scripts);
    },
  };
}

/** The rules of `styles` that `scripts` can use. */
export async function purge(scripts, styles) {
  const raw = scripts.join('\n').replace(MODIFIER_TABLE, '');
  const names = new Set(raw.match(NAME));
  const purged = await new PurgeCSS().purge({
    content: [{ raw: `${raw}\n<html lang dir><body><div id="root">`, extension: 'js' }],
    css: styles.map((style) => ({ raw: withoutStates(style) })),
    defaultExtractor: (content) => content.match(NAME) ?? [],
    keyframes: true,
    blocklist: UNUSED,
    safelist: {
      standard: [
        /^state-/,
        'html',
        'body',
        ':root',
        /^(h[1-6]|p|ul|ol|li|dl|dt|dd|a|code|pre|svg|path|table|t[hdr]|figure)$/,
        ...usedModifiers(styles, names),
      ],
    },
  });
  return purged.map(({ css }) => withStates(css));
}

/**
 * PatternFly's scripts have a table of all modifiers of a component: `{ modifiers: { compact: "pf-m-compact", ... } }`.
 * A modifier is used if its name is anywhere else, as `modifiers.compact` or as a value, "compact".
 */
const MODIFIER_TABLE = /modifiers:\{[^{}]*\}/g;

function usedModifiers(styles, names) {
  const all = new Set(styles.join('').match(/pf-m-[\w-]+/g));
  const isUnused = (modifier) => UNUSED.some((pattern) => pattern.test(modifier));
  return [...all].filter((modifier) => {
    if (isUnused(modifier)) {
      return false;
    }
    const name = modifier.slice('pf-m-'.length).replace(/-on-(sm|md|lg|xl|2xl)$/, '');
    const isComputed = /^(all-|offset-|flex-|width-)?\d|^(display|sticky)-|^(sm|md|lg|xl|2xl)$/.test(name);
    return isComputed || names.has(name) || names.has(camelCase(name));
  });
}

function camelCase(name) {
  return name.replace(/-(\w)/g, (_dash, letter) => letter.toUpperCase());
}

/**
 * PurgeCSS removes from a list what begins with a state or with another list, as in `:is(:hover, :focus)` and
 * `:where(:not(.pf-m-truncate))`. Meanwhile a state is a class, and a class stands before a list.
 */
function withoutStates(css) {
  return css
    .replace(/([(,]\s*):(hover|focus-visible|focus|disabled|empty)\b/g, '$1.state-$2')
    .replace(/([(,]\s*):(not|has|is|where)\(/g, '$1.state-any:$2(');
}

function withStates(css) {
  return css.replaceAll('.state-any', '').replace(/\.state-/g, ':');
}

/** Fonts would be a seventh of what is loaded before the first figure (decision 29). */
function withoutFonts(css) {
  return css.replace(/@font-face\s*\{[^}]*\}/g, '');
}

/** A variable that nothing reads, or only variables that nothing reads. The stylesheets are one document. */
function removeUnusedVariables(roots, scripts) {
  const readByScripts = new Set(scripts.match(/--[a-z][\w-]+/gi));
  let removed = 1;
  while (removed > 0) {
    const read = new Set(readByScripts);
    roots.forEach((root) =>
      root.walkDecls(({ value }) => (value.match(/--[\w-]+/g) ?? []).forEach((name) => read.add(name))),
    );
    removed = 0;
    roots.forEach((root) =>
      root.walkDecls(/^--/, (declaration) => {
        if (!read.has(declaration.prop)) {
          const { parent } = declaration;
          declaration.remove();
          removed += 1;
          if (parent.nodes.length === 0) {
            parent.remove();
          }
        }
      }),
    );
  }
}

/** Fonts and pictures of the styles that are gone. */
function dropUnreferenced(bundle, styles, scripts) {
  const all = [...styles.map(({ source }) => source), ...scripts].join('\n');
  for (const [name, { type, fileName }] of Object.entries(bundle)) {
    const isPart = type === 'asset' && /\.(woff2?|svg|png|jpg)$/.test(fileName);
    if (isPart && !all.includes(fileName.split('/').pop())) {
      Reflect.deleteProperty(bundle, name);
    }
  }
}
