// The last view: what this address looked like when it was last left in this browser, until the real page has loaded, which takes seconds
// since .NET has to start. It is kept as markup in the browser's local storage and shown in a frame without scripts, where only links work:
// neither its code nor its ids and selectors mix with those of the page. docs/architecture.md and docs/security.md say what is kept and when it is shown.
(() => {
  // Of about five million characters that a browser keeps for an address.
  const maximumPages = 16;
  const maximumLength = 600_000;
  const maximumTotal = 4_000_000;
  const maximumAge = 30 * 24 * 3600_000;
  const patience = 10_000;
  const formPages = /(^|\/)(new|keys|login|playground)$/;
  const removed = 'script, iframe, object, embed, link, meta, base, canvas, .skip-link, .banner';

  const frames = async count => { while (count-- > 0) { await new Promise(requestAnimationFrame); } };
  const theme = () => document.documentElement.dataset.theme;
  const address = () => location.pathname + location.search;

  const name = 'loralab.lastview';

  let owner = null;
  let shown = null;
  let saved = { address: null, at: 0, sheet: null };

  // A list of the views, and each by its address. Local storage answers at once, where IndexedDB takes a third of a second to open.
  const keyOf = address => `${name} ${address}`;
  const listed = () => JSON.parse(localStorage.getItem(name)) ?? [];

  function read(address) {
    return JSON.parse(localStorage.getItem(keyOf(address)));
  }

  function drop(views) {
    views.forEach(view => localStorage.removeItem(keyOf(view.address)));
  }

  function keep(view) {
    const text = JSON.stringify(view);
    const entry = { address: view.address, at: view.at, length: text.length };
    const kept = [entry];
    const others = listed().filter(other => other.address !== view.address);
    let total = text.length;
    for (const other of others) {
      total += other.length;
      if (kept.length < maximumPages && total <= maximumTotal) { kept.push(other); }
    }
    drop(others.filter(other => !kept.includes(other)));
    localStorage.setItem(keyOf(view.address), text);
    localStorage.setItem(name, JSON.stringify(kept));
  }

  function clear() {
    Object.keys(localStorage).filter(key => key === name || key.startsWith(keyOf(''))).forEach(key => localStorage.removeItem(key));
  }

  // Who is signed in; null: nobody, who sees and keeps nothing.
  async function whose() {
    const response = await fetch(new URL('api/v1/session', document.baseURI));
    const session = await response.json();
    return response.ok && (!session.keyNeeded || session.name) ? session.name ?? '' : null;
  }

  function forget() {
    owner = null;
    clear();
  }

  // Whether the page shows its content: nothing in it waits, tables have their rows, and the charts in sight are drawn.
  function isReady() {
    const main = document.querySelector('#app main');
    const some = (selector, waits) => [...main.querySelectorAll(selector)].some(waits);
    return main?.firstElementChild && !main.querySelector('[aria-busy="true"]')
      && !some('[aria-rowcount]', table => table.getAttribute('aria-rowcount') !== '1' && !table.querySelector('td'))
      && !some('.chart-body:not([hidden]) .chart-plot:not([data-draws])', plot => plot.getBoundingClientRect().top < innerHeight);
  }

  // Typed text is a property of its field and not part of the markup; choices and what the address says as well are added to it.
  function markup(shell) {
    const copy = shell.cloneNode(true);
    const known = new Set(new URLSearchParams(location.search).values());
    const fields = copy.querySelectorAll('input, select');
    shell.querySelectorAll('input, select').forEach((field, i) => {
      if (field.type === 'checkbox' || field.type === 'radio') {
        fields[i].toggleAttribute('checked', field.checked);
      } else if (field.options) {
        field.selectedIndex >= 0 && fields[i].options[field.selectedIndex]?.setAttribute('selected', '');
      } else if (field.type === 'range' || known.has(field.value)) {
        fields[i].setAttribute('value', field.value);
      } else {
        fields[i].removeAttribute('value');
      }
    });
    copy.querySelectorAll(removed).forEach(element => element.remove());
    for (const element of copy.querySelectorAll('*')) {
      for (const { name } of [...element.attributes]) {
        if (/^on|^autofocus$|^srcdoc$/i.test(name)) { element.removeAttribute(name); }
      }
    }
    for (const link of copy.querySelectorAll('a')) {
      if (link.origin !== location.origin || link.getAttribute('href').startsWith('#')) { link.removeAttribute('href'); }
    }
    return copy.outerHTML;
  }

  // The library's sheet is many times larger than what a page uses of it: of its rules, a view keeps those that matched something once. They
  // are looked for while the browser has nothing else to do.
  const library = () => document.querySelector('link[data-library]')?.sheet;
  // What an element does only while it is pointed at, and parts of it that no selector finds.
  const passing = /::[\w-]+(\([^)]*\))?|:(hover|focus|focus-visible|focus-within|active|visited)(?![\w-])/g;
  const idle = window.requestIdleCallback ?? (act => setTimeout(() => act({ timeRemaining: () => 5 }), 50));
  const used = new Set();
  let lookedAt = null;

  function matches(selector) {
    try {
      return document.querySelector(selector.replace(passing, '')) !== null;
    } catch {
      // A selector that is nothing without its pseudo-elements.
      return true;
    }
  }

  function* stylesOf(rules) {
    for (const rule of rules) {
      if (rule.selectorText) { yield rule; } else if (rule.cssRules && !rule.name) { yield* stylesOf(rule.cssRules); }
    }
  }

  function lookForUsed() {
    const sheet = library();
    if (!sheet || lookedAt === address()) { return; }
    const here = address();
    const rules = stylesOf(sheet.cssRules);
    const go = deadline => {
      while (deadline.timeRemaining() > 1) {
        const { value, done } = rules.next();
        if (done) {
          lookedAt = here;
          return;
        }
        if (!used.has(value) && matches(value.selectorText)) { used.add(value); }
      }
      here === address() && idle(go);
    };
    idle(go);
  }

  const textOf = rules => [...rules].map(rule => {
    if (rule.selectorText) { return used.has(rule) ? rule.cssText : ''; }
    if (!rule.cssRules || rule.name) { return rule.cssText; }
    const inside = textOf(rule.cssRules);
    return inside && `${rule.cssText.slice(0, rule.cssText.indexOf('{'))}{${inside}}`;
  }).filter(text => text).join('\n');

  // The style sheets of the view in one; null: not known yet, so that the frame takes the files.
  const styleSheet = () => lookedAt !== address() ? null : [...document.head.querySelectorAll('link[rel=stylesheet]')]
    .map(link => link.sheet === library() ? textOf(link.sheet.cssRules) : [...link.sheet.cssRules].map(rule => rule.cssText).join('\n')).join('\n');

  function save() {
    const shell = document.querySelector('#app .shell');
    // A table that is scrolled has rows of another place than the one where the page opens.
    if (owner === null || shown || !shell || !isReady() || formPages.test(location.pathname)
      || document.querySelector('#app textarea, #app [data-not-kept], .mud-dialog') || [...shell.querySelectorAll('.table-wrap')].some(table => table.scrollTop > 0)) {
      return;
    }
    const styles = [...document.querySelectorAll('style')].map(style => style.textContent).join('\n').replaceAll('</', '');
    const sheet = styleSheet()?.replaceAll('</', '') ?? null;
    const view = { address: address(), at: Date.now(), owner, theme: theme(), scroll: scrollY, styles, sheet, html: markup(shell) };
    saved = view;
    lookForUsed();
    if (view.html.length + styles.length > maximumLength) { return; }
    keep(view);
  }

  const trySave = () => {
    try {
      save();
    } catch {
      // The storage is full or was taken away: the next visit waits for its page as a first one does.
    }
  };

  function when(at) {
    const date = new Date(at);
    const time = date.toLocaleTimeString('en-US', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    return date.toDateString() === new Date().toDateString() ? time
      : `${time} on ${date.toLocaleDateString('en-US', { month: 'short', day: 'numeric', year: 'numeric' })}`;
  }

  // Loads the view, out of sight: who is signed in is not known yet.
  function prepare(view) {
    const frame = document.createElement('iframe');
    frame.className = 'lastview';
    frame.title = `This page as seen at ${when(view.at)}`;
    frame.sandbox = 'allow-same-origin allow-top-navigation-by-user-activation allow-popups allow-popups-to-escape-sandbox';
    const sheets = view.sheet ? `<style>${view.sheet}</style>`
      : inOrder(...lateFiles().querySelectorAll('link[rel=stylesheet]')).map(link => link.outerHTML).join('');
    const base = document.createElement('base');
    [base.href, base.target] = [document.baseURI, '_top'];
    frame.srcdoc = `<!DOCTYPE html><html lang="en" data-theme="${theme()}"><head><meta charset="utf-8">${base.outerHTML}${sheets}`
      + `<style>${view.styles}\n.pill-live { visibility: hidden; }</style></head><body>${view.html}</body></html>`;
    const note = document.createElement('div');
    note.className = 'lastview-note';
    note.setAttribute('role', 'status');
    note.innerHTML = '<span></span>';
    note.firstChild.textContent = `As seen at ${when(view.at)} · loading`;
    const reloaded = performance.getEntriesByType('navigation')[0]?.type !== 'navigate';
    frame.addEventListener('load', () => frame.contentWindow.scrollTo(0, reloaded ? view.scroll : 0), { once: true });
    document.body.prepend(frame, note);
    return { frame, note };
  }

  function discard({ frame, note }) {
    frame.remove();
    note.remove();
  }

  async function show({ frame, note }) {
    shown = frame;
    document.documentElement.classList.add('lastview-on');
    if (frame.contentDocument?.readyState !== 'complete' || frame.contentDocument.URL !== 'about:srcdoc') {
      await new Promise(resolve => frame.addEventListener('load', resolve, { once: true }));
    }
    await frames(2);
    startPage();
    await pageLoaded();
    await frames(1);
    const top = frame.contentWindow.scrollY;
    document.documentElement.classList.remove('lastview-on');
    discard({ frame, note });
    shown = null;
    scrollTo(0, top);
    if (document.activeElement === document.body) { document.getElementById('content')?.focus({ preventScroll: true }); }
  }

  // Until the page is ready; when it has begun and waits for long, it says itself for what.
  function pageLoaded() {
    return new Promise(resolve => {
      let timer = null;
      const check = () => {
        timer ??= document.querySelector('#app main') && setTimeout(end, patience);
        if (isReady()) { end(); }
      };
      const observer = new MutationObserver(check);
      function end() {
        observer.disconnect();
        clearTimeout(timer);
        resolve();
      }
      observer.observe(document.getElementById('app'), {
        childList: true, subtree: true, attributes: true, attributeFilter: ['aria-busy', 'data-draws', 'hidden'],
      });
      check();
    });
  }

  const lateFiles = () => document.getElementById('late').content;

  // The style sheets as they must follow each other: the dashboard's own overrule those of the library.
  const inOrder = (library, ...own) => [library, document.head.querySelector('link[rel=stylesheet]'), ...own];

  // .NET takes both cores while it starts: it waits until the view is on the screen, but never long. So does everything else that only the
  // page itself needs.
  let startPage;
  const shownFirst = new Promise(resolve => { startPage = resolve; });
  const parsed = new Promise(resolve => addEventListener('DOMContentLoaded', resolve));
  Promise.all([shownFirst, parsed]).then(async () => {
    const files = document.importNode(lateFiles(), true);
    const scripts = [...files.querySelectorAll('script')];
    scripts.forEach(script => { script.async = false; });
    const loaded = new Promise(resolve => { scripts.at(-1).onload = resolve; });
    document.head.querySelector('link[rel=stylesheet]').before(files.querySelector('[data-library]'));
    document.head.append(files);
    await loaded;
    window.Blazor.start();
  });
  setTimeout(startPage, 1000);

  async function start() {
    const here = address();
    const asking = whose();
    asking.catch(() => {});
    const view = read(here);
    let prepared = null;
    if (view && view.theme === theme() && Date.now() - view.at < maximumAge) {
      await parsed;
      prepared = prepare(view);
    } else {
      startPage();
    }
    const user = await asking.catch(() => undefined);
    if (prepared && (user !== view.owner || isReady() || address() !== here)) {
      discard(prepared);
      prepared = null;
    }
    if (user === null) { forget(); }
    if (user == null) {
      startPage();
      return;
    }
    owner = user;
    // Where earlier versions kept them.
    window.indexedDB?.deleteDatabase(name);
    if (view && view.owner !== owner) {
      clear();
    } else if (prepared) {
      await show(prepared);
    }
    startPage();
    addEventListener('pagehide', trySave);
    document.addEventListener('visibilitychange', () => document.hidden && trySave());
    // Before a link of the dashboard leads elsewhere, as soon as a page is ready, and every minute, because a browser may be killed.
    window.navigation?.addEventListener('navigate', event => {
      if (!event.hashChange && (address() !== saved.address || Date.now() - saved.at > 2000)) { trySave(); }
    });
    setInterval(() => {
      const isNew = address() !== saved.address || (lookedAt === saved.address && !saved.sheet);
      if (!document.hidden && (isNew || Date.now() - saved.at > 60_000)) { trySave(); }
    }, 1000);
  }

  // Another tab signed out: this one keeps nothing more.
  addEventListener('storage', event => { if (event.key === name && event.newValue === null) { owner = null; } });
  window.loralabLastView = { forget };
  // Where storage is denied, there is no last view.
  start().catch(startPage);
})();
