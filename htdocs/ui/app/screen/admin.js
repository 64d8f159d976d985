// Administration: people, their monitors, how the system does, who did what.
import { html } from '../html.js';
import { query } from '../store/route.js';
import { Audit } from '../part/admin-audit.js';
import { Health } from '../part/admin-health.js';
import { AllMonitors } from '../part/admin-monitors.js';
import { Users } from '../part/admin-users.js';
import { Heading } from '../part/page.js';
import { Tabs } from '../part/tabs.js';

const TABS = /** @type {[string, string][]} */ ([['users', 'Users'], ['monitors', 'All monitors'], ['health', 'System health'], ['audit', 'Audit log']]);
/** @type {Record<string, () => any>} */
const VIEWS = { users: Users, monitors: AllMonitors, health: Health, audit: Audit };

export default function Admin() {
    const tab = query.value.get('tab') ?? 'users';
    const View = VIEWS[tab] ?? Users;
    return html`<${Heading} title="Admin"/><${Tabs} label="Administration" tabs=${TABS} current=${tab in VIEWS ? tab : 'users'}/>
        <div role="tabpanel" id=${`panel-${tab}`} aria-labelledby=${`tab-${tab}`} class="stack"><${View}/></div>`;
}
