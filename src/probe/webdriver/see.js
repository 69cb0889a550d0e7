// What a person sees of the page, and what is in it and out of sight. Runs in the page.
const NEVER = new Set(['SCRIPT', 'STYLE', 'TEMPLATE', 'NOSCRIPT', 'NOEMBED', 'NOFRAMES', 'TITLE', 'DATALIST', 'VIDEO', 'AUDIO',
  'CANVAS', 'METER', 'PROGRESS', 'PARAM', 'HEAD', 'RP']);
const VALUELESS = new Set(['hidden', 'password', 'checkbox', 'radio', 'file', 'range', 'color', 'image']);
const texts = { shown: '', hidden: '' };

function write(shown, text, block) {
  const key = shown ? 'shown' : 'hidden';
  texts[key] += (block ? '\n' : '') + text;
}

function isTransparent(color) {
  const numbers = color.match(/[\d.]+/g) || [];
  return numbers.length === 4 && Number(numbers[3]) === 0;
}

// Whether something of these rectangles is on the page and not cut away by what is around it.
function isOnPage(view, element, rects) {
  const style = (of) => view.getComputedStyle(of);
  return [...rects].some((rect) => {
    let [left, top, right, bottom] = [rect.left, rect.top, rect.right, rect.bottom];
    let moved = null;
    for (let above = element; above && above !== view.document.documentElement; above = above.parentElement) {
      const { overflowX, overflowY, position, clipPath } = style(above);
      const box = above.getBoundingClientRect();
      if (/inset\(\s*(5\d|[6-9]\d|100)%|circle\(\s*0/.test(clipPath)) return false;
      // What is positioned against the page is not cut by its parents.
      const cuts = (overflow) => (overflow === 'hidden' || overflow === 'clip') && moved === null;
      if (cuts(overflowX)) [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
      if (cuts(overflowY)) [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
      if (position === 'fixed') moved = above;
    }
    return right - left >= 1 && bottom - top >= 1 && right + view.scrollX > 0 && bottom + view.scrollY > 0;
  });
}

function isSeen(view, element, rects, inside = false) {
  const options = { opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: false };
  if (!element.checkVisibility(options)) return false;
  const { fontSize, color, contentVisibility } = view.getComputedStyle(element);
  if (inside && (contentVisibility === 'hidden' || element.nodeName === 'DETAILS' && !element.open)) return false;
  return parseFloat(fontSize) > 0 && !isTransparent(color) && isOnPage(view, element, rects);
}

function generated(view, element, which) {
  const { content, display } = view.getComputedStyle(element, which);
  if (!content || content === 'none' || content === 'normal' || display === 'none') return '';
  const pieces = content.split(' / ')[0].match(/"(?:[^"\\]|\\.)*"|attr\([\w-]+\)/g) || [];
  return pieces.map((piece) => piece.startsWith('attr(')
    ? element.getAttribute(piece.slice(5, -1)) || ''
    : piece.slice(1, -1).replace(/\\(.)/g, '$1')).join('');
}

function look(view, node, framed) {
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) {
      const range = view.document.createRange();
      range.selectNodeContents(child);
      const parent = child.parentElement;
      const seen = framed && isSeen(view, parent, range.getClientRects(), true);
      write(seen, child.nodeValue, false);
      continue;
    }
    if (child.nodeType !== Node.ELEMENT_NODE || NEVER.has(child.nodeName.toUpperCase())) continue;
    const name = child.nodeName.toUpperCase();
    const seen = framed && isSeen(view, child, child.getClientRects());
    const block = !view.getComputedStyle(child).display.startsWith('inline');
    if (block) ['shown', 'hidden'].forEach((key) => { texts[key] += '\n'; });
    if (name === 'INPUT') {
      if (!VALUELESS.has(child.type)) write(seen, child.defaultValue || child.placeholder || '', true);
      if (child.type === 'image') write(seen, child.alt, true);
    } else if (name === 'TEXTAREA') {
      write(seen, child.defaultValue || child.placeholder || '', true);
    } else if (name === 'SELECT') {
      for (const option of child.options) write(seen, option.label || option.text, true);
    } else if (['IFRAME', 'FRAME', 'OBJECT', 'EMBED'].includes(name) && frame(child)) {
      const { document, defaultView } = frame(child);
      look(defaultView, document.body || document.documentElement, seen);
    } else if (!['IFRAME', 'FRAME', 'EMBED'].includes(name)) {
      const around = (which) => {
        const text = generated(view, child, which);
        // Its own rectangle cannot be asked for.
        const rects = child.getClientRects();
        if (text) write(seen || framed && isSeen(view, child, rects), text, false);
      };
      around('::before');
      look(view, child, framed);
      around('::after');
    }
    if (block) ['shown', 'hidden'].forEach((key) => { texts[key] += '\n'; });
  }
}

function frame(element) {
  let inside = null;
  try {
    inside = element.contentDocument;
  } catch { /* of another site */ }
  return inside && inside.defaultView ? { document: inside, defaultView: inside.defaultView } : null;
}

look(window, document.documentElement, true);
const [navigation] = performance.getEntriesByType('navigation');
return {
  status: navigation ? navigation.responseStatus : 0,
  url: location.href,
  ready: document.readyState === 'complete',
  visible: texts.shown,
  concealed: texts.hidden,
  html: document.documentElement.outerHTML,
};
