/** Light, dark or as the system says; kept by the browser of whoever chose. */
const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const key = 'sluice-theme';

export function currentTheme(): Theme {
  const kept = stored();
  return themes.find((one) => one === kept) ?? 'auto';
}

export function applyTheme(theme: Theme = currentTheme()): void {
  if (theme === 'auto') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.setAttribute('data-theme', theme);
}

export function nextTheme(): Theme {
  const next = themes[(themes.indexOf(currentTheme()) + 1) % themes.length] ?? 'auto';
  try {
    localStorage.setItem(key, next);
  } catch {
    // A browser that keeps nothing forgets the choice with the page.
  }
  applyTheme(next);
  return next;
}

function stored(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
