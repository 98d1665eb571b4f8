/** sharp for looking at results: the server's codec reads files only, the tests read buffers too. */
import '../../src/imaging/codec.ts';
import sharp from 'sharp';

sharp.unblock({
  operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'],
});

export { sharp };
