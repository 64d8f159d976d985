// One's own settings; each section saves on its own.
import { html } from '../html.js';
import { query } from '../store/route.js';
import { Heading } from '../part/page.js';
import { Tabs } from '../part/tabs.js';
import { Profile, Password } from '../part/settings-profile.js';
import { Preferences } from '../part/settings-prefs.js';
import { Sessions } from '../part/settings-sessions.js';
import { Tokens } from '../part/settings-tokens.js';

const TABS = /** @type {[string, string][]} */ ([['profile', 'Profile'], ['prefs', 'Preferences'], ['sessions', 'Sessions'], ['tokens', 'API tokens']]);

export default function Settings() {
    const tab = query.value.get('tab') ?? 'profile';
    return html`<${Heading} title="Settings"/><${Tabs} label="Settings" tabs=${TABS} current=${tab}/>
        <div role="tabpanel" id=${`panel-${tab}`} aria-labelledby=${`tab-${tab}`} class="stack narrow-page">${tab === 'prefs' ? html`<${Preferences}/>` : tab === 'sessions' ? html`<${Sessions}/>`
            : tab === 'tokens' ? html`<${Tokens}/>` : html`<${Profile}/><${Password}/>`}</div>`;
}
