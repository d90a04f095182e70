/** The frame around every page: navigation, connection, notices. */
import { type Caller, type Notice, type Page } from './app.js';
import { type ElementView, h, type View } from './dom/view.js';
import { nowMs } from './page-clock.js';
import { age } from './parts/format.js';
import type { Connection, Store } from './state/store.js';
import type { Theme } from './theme.js';

/** The last: it is of the whole node, closed to whoever may see single pools only. */
const sections: readonly (readonly [id: string, name: string, href: string, isOfNode: boolean])[] = [
  ['pools', 'Pools', '#/', false],
  ['sites', 'Sites', '#/sites', false],
  ['certificates', 'Certificates', '#/certificates', true],
  ['config', 'Config', '#/config', true],
  ['events', 'Events', '#/events', false],
];

export interface ShellProps {
  readonly store: Store;
  readonly page: Page;
  readonly caller: Caller;
  readonly theme: Theme;
  readonly notices: readonly Notice[];
  readonly changeTheme: () => void;
  readonly signOut: () => void;
  readonly dismiss: (id: number) => void;
}

export function shell(props: ShellProps): readonly View[] {
  const { store, page } = props;
  const isStale = store.connection === 'stale' || store.connection === 'lost';
  const skip = (event: Event): void => {
    event.preventDefault();
    document.querySelector('main')?.focus();
  };
  return [
    h('a.skip', { key: 'skip', href: '#/', onClick: skip }, 'Skip to the content'),
    bar(props),
    h('main', { key: 'main', id: 'main', tabindex: -1, class: isStale ? 'is-stale' : '' }, page.view()),
    noticeList(props),
  ];
}

function bar({ store, page, caller, theme, changeTheme, signOut }: ShellProps): ElementView {
  return h(
    'header.bar',
    { key: 'bar' },
    h('a.brand', { href: '#/', 'aria-label': 'Sluice, overview' }, mark(), 'Sluice'),
    h(
      'nav',
      { 'aria-label': 'Pages' },
      sections
        .filter(([, , , isOfNode]) => !isOfNode || caller.pools === 'all')
        .map(([id, name, href]) =>
          h('a', { key: id, href, 'aria-current': page.section === id ? 'page' : null }, name),
        ),
    ),
    h(
      'div.side',
      {},
      live(store.connection, store.heardAtMs),
      h('button', { type: 'button', 'aria-label': `Colours: ${theme}`, onClick: changeTheme }, themeNames[theme]),
      caller.via === 'session' &&
        h(
          'button',
          { type: 'button', title: `Signed in as ${caller.name} (${caller.role})`, onClick: signOut },
          'Sign out',
        ),
    ),
  );
}

const themeNames: Readonly<Record<Theme, string>> = { auto: 'Auto', light: 'Light', dark: 'Dark' };

const connectionNames: Readonly<Record<Connection, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  stale: 'Stale',
  lost: 'Reconnecting, stale',
};

/** How long it has been stale is not spoken: it would be every second. */
function live(connection: Connection, heardAtMs: number): ElementView {
  const isOld = (connection === 'stale' || connection === 'lost') && heardAtMs > 0;
  return h(
    'span.live',
    { class: `is-${connection}` },
    h('span', { role: 'status' }, connectionNames[connection]),
    isOld && h('span', { 'aria-hidden': 'true' }, age(nowMs() - heardAtMs)),
  );
}

function noticeList({ notices, dismiss }: ShellProps): ElementView {
  return h(
    'ul.notices',
    { key: 'notices', 'aria-live': 'polite', 'aria-label': 'Notices' },
    notices.map((notice) => noticeView(notice, dismiss)),
  );
}

/** Progress is no text: it is not spoken with every step. */
function noticeView({ id, tone, text, busy, done, download }: Notice, dismiss: (id: number) => void): ElementView {
  return h(
    'li',
    { key: String(id), class: `is-${tone}` },
    h('span', {}, text),
    busy && h('progress', { 'aria-label': 'Progress', ...(done === undefined ? {} : { value: done }) }),
    download !== undefined && h('button.download', { type: 'button', onClick: download }, 'Download'),
    !busy && h('button', { type: 'button', 'aria-label': 'Dismiss', onClick: () => dismiss(id) }, '✕'),
  );
}

function mark(): ElementView {
  return h(
    'svg',
    { viewBox: '0 0 24 24', 'aria-hidden': 'true' },
    h('path.gate', { d: 'M5 3v18M19 3v18M5 8h14' }),
    h('path.flow', { d: 'M5 16c2.3-2 4.7-2 7 0s4.7 2 7 0' }),
  );
}
