/** Starts the page: signs in, finds the page for the address, renders what has changed. */
import { whenSignedOut } from './api/client.js';
import type { App, Caller, Notice, Page } from './app.js';
import { Root } from './dom/patch.js';
import { after, every } from './page-clock.js';
import { CertificatesPage } from './pages/certificates.js';
import { ConfigPage } from './pages/config.js';
import { EventsPage } from './pages/events.js';
import { OverviewPage } from './pages/overview.js';
import { PoolPage } from './pages/pool.js';
import { SitesPage } from './pages/sites.js';
import { SignIn, signOut } from './parts/sign-in.js';
import { shell } from './shell.js';
import { Live } from './state/live.js';
import { Store } from './state/store.js';
import { applyTheme, currentTheme, nextTheme } from './theme.js';

const noticeShownMs = 8_000;
const noticesMax = 4;

class Dashboard implements App {
  readonly store = new Store(() => this.invalidate());
  readonly #root: Root;
  readonly #signIn: SignIn;
  #caller: Caller | null = null;
  /** The way in was looked for; until then nothing is shown. */
  #settled = false;
  #page: Page | null = null;
  #closePage: () => void = () => undefined;
  #closeLive: () => void = () => undefined;
  #notices: readonly Notice[] = [];
  #lastNotice = 0;
  #frame = 0;

  constructor(place: Element) {
    this.#root = new Root(place);
    this.#signIn = new SignIn(this.invalidate, (caller) => this.#enter(caller));
  }

  start(): void {
    applyTheme();
    whenSignedOut(() => this.#leave());
    window.addEventListener('hashchange', () => {
      // A link to sign in that was opened over a page that is there already.
      if (location.hash.startsWith('#code=')) void this.#signIn.begin();
      else this.#route();
    });
    // Ages and the state of the connection move by themselves.
    every(1_000, this.invalidate);
    void this.#signIn.begin().finally(() => {
      this.#settled = true;
      this.invalidate();
    });
  }

  caller(): Caller {
    return this.#caller ?? { name: '', role: 'viewer', pools: [], via: 'nothing' };
  }

  readonly invalidate = (): void => {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#render();
    });
  };

  say(notice: Omit<Notice, 'id'>, id = 0): number {
    const own = id === 0 ? (this.#lastNotice += 1) : id;
    const others = this.#notices.filter((one) => one.id !== own);
    this.#notices = [...others.slice(1 - noticesMax), { ...notice, id: own }];
    // What went wrong stays until somebody has read it, what was made until somebody has it.
    if (!notice.busy && notice.tone !== 'bad' && notice.download === undefined)
      after(noticeShownMs, () => this.#dismiss(own));
    this.invalidate();
    return own;
  }

  go(hash: string): void {
    location.hash = hash;
  }

  #dismiss(id: number): void {
    this.#notices = this.#notices.filter((one) => one.id !== id);
    this.invalidate();
  }

  #enter(caller: Caller): void {
    this.#caller = caller;
    this.#closeLive();
    this.#closeLive = new Live(this.store).open();
    this.#route();
  }

  #leave(): void {
    this.#caller = null;
    this.#closeLive();
    this.#closePage();
    this.#page = null;
    this.invalidate();
  }

  #route(): void {
    if (this.#caller === null) return;
    this.#closePage();
    this.#page = pageFor(this, location.hash);
    this.#closePage = this.#page.open?.() ?? (() => undefined);
    document.title = `${this.#page.title} – Sluice`;
    window.scrollTo(0, 0);
    this.invalidate();
  }

  #render(): void {
    if (this.#caller === null || this.#page === null) {
      this.#root.render(this.#settled ? [this.#signIn.view()] : []);
      return;
    }
    this.#root.render(
      shell({
        store: this.store,
        page: this.#page,
        caller: this.#caller,
        theme: currentTheme(),
        notices: this.#notices,
        changeTheme: () => {
          nextTheme();
          this.invalidate();
        },
        signOut: () => void signOut().finally(() => this.#leave()),
        dismiss: (id) => this.#dismiss(id),
      }),
    );
  }
}

function pageFor(app: App, hash: string): Page {
  const [section = '', ...rest] = hash.replace(/^#\/?/, '').split('/');
  if (section === 'pools' && rest.length > 0) return new PoolPage(app, decoded(rest.join('/')));
  if (section === 'sites') return new SitesPage(app);
  if (section === 'certificates') return new CertificatesPage(app);
  if (section === 'config') return new ConfigPage(app);
  if (section === 'events') return new EventsPage(app);
  return new OverviewPage(app);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const place = document.getElementById('app');
if (place !== null) new Dashboard(place).start();
