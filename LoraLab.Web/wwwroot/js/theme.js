// Loaded in the head, before anything else.

// The page belongs under its base address: without the slash at its end, or at a server whose path base only a proxy should show, the
// dashboard would not start.
(() => {
  const base = new URL(document.baseURI).pathname;
  const path = window.location.pathname;
  if (!path.startsWith(base)) {
    const rest = `${path}/` === base ? '' : path.slice(1);
    window.location.replace(base + rest + window.location.search + window.location.hash);
  }
})();

// The colors, before the first paint, so that the first frame has the right ones.
(() => {
  const key = 'loralab.theme';
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const choice = () => {
    try {
      const stored = localStorage.getItem(key);
      return stored === 'light' || stored === 'dark' ? stored : 'system';
    } catch {
      return 'system';
    }
  };
  const isDark = () => choice() === 'dark' || (choice() === 'system' && system.matches);
  const apply = () => { document.documentElement.dataset.theme = isDark() ? 'dark' : 'light'; };
  apply();

  window.loralabTheme = {
    choice,
    isDark,
    set(value) {
      try {
        if (value === 'system') {
          localStorage.removeItem(key);
        } else {
          localStorage.setItem(key, value);
        }
      } catch {
        // Private windows may deny storage; the choice then lasts as long as the page.
      }
      apply();
    },
    watch(listener) {
      const onChange = () => { apply(); listener.invokeMethodAsync('SystemThemeChanged', isDark()); };
      system.addEventListener('change', onChange);
      return { stop: () => system.removeEventListener('change', onChange) };
    },
  };
})();
