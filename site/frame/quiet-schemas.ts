import { config } from 'zod';

// Schemas that are compiled need eval, which the page's content security policy refuses.
config({ jitless: true });
