// The public status page works without this.
'use strict';
