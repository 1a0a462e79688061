/**
 * An expression for a page: what is wrong with how it is made, as sentences. It looks at landmarks, headings, names
 * of what can be operated, and at the contrast of every text that is shown (WCAG 2.2, AA).
 */
export const LOOKED_AT: string = `(() => {
  const wrong = [];
  const all = (selectors) => [...document.querySelectorAll(selectors)];
  for (const one of ['main', 'h1', 'header nav[aria-label]', 'footer', 'html[lang]', 'meta[name=viewport]']) {
    if (all(one).length !== 1) wrong.push(all(one).length + ' of ' + one);
  }
  const ids = all('[id]').map(({ id }) => id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push('twice: ' + id);
  let level = 1;
  for (const heading of all('h1, h2, h3, h4')) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) wrong.push('a level is left out before ' + heading.innerText);
    level = own;
  }
  for (const control of all('input, select, textarea')) {
    if (control.labels.length === 0 && !control.getAttribute('aria-label')) wrong.push('no label: ' + control.id);
  }
  for (const control of all('button, a[href], summary')) {
    if (!control.textContent.trim() && !control.getAttribute('aria-label')) wrong.push('no name: ' + control.outerHTML);
  }
  for (const image of all('img:not([alt]), canvas:not([aria-label])')) wrong.push('no text: ' + image.outerHTML);
  for (const box of all('[tabindex]')) if (box.tabIndex > 0) wrong.push('an order of its own: ' + box.id);

  const parsed = (color) => {
    const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const over = ({ rgb, a }, below) => rgb.map((v, i) => a * v + (1 - a) * below[i]);
  const ground = (element) => {
    if (element === null) return [255, 255, 255];
    const own = parsed(getComputedStyle(element).backgroundColor);
    return own.a === 1 ? own.rgb : over(own, ground(element.parentElement));
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  for (const element of all('body *')) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!hasText || !element.checkVisibility() || element.matches(':disabled')) continue;
    const style = getComputedStyle(element);
    const behind = ground(element);
    const [a, b] = [light(over(parsed(style.color), behind)), light(behind)].sort((x, y) => y - x);
    let opacity = 1;
    for (let at = element; at !== null; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < least || opacity < 1) {
      wrong.push(contrast.toFixed(2) + ' at opacity ' + opacity + ': ' + element.textContent.trim().slice(0, 40));
    }
  }
  return wrong;
})()`;
