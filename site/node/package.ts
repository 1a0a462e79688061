/** In place of a package that is for Node alone: to import it fails, as where it is not installed. */
throw new Error('this package is not for browsers');
