// What type a file has by its name, as Python's mimetypes.guess_type says; a test compares the two.

/** What a name says of a file. */
export interface MediaType {
  /** Such as `image/png`; undefined for a name that says nothing. */
  readonly type: string | undefined;
  /** What it is packed with, such as `gzip`. */
  readonly encoding: string | undefined;
}

/** CPython's own table (Lib/mimetypes.py, 3.11), without what a machine adds to it: a type, and the endings that mean it. */
const TYPES = `
application/javascript js mjs
application/json json
application/manifest+json webmanifest
application/msword doc dot wiz
application/n-quads nq
application/n-triples nt
application/octet-stream a bin dll exe o obj so
application/oda oda
application/pdf pdf
application/pkcs7-mime p7c
application/postscript ai eps ps
application/trig trig
application/vnd.apple.mpegurl m3u m3u8
application/vnd.ms-excel xlb xls
application/vnd.ms-powerpoint pot ppa pps ppt pwz
application/wasm wasm
application/x-bcpio bcpio
application/x-cpio cpio
application/x-csh csh
application/x-dvi dvi
application/x-gtar gtar
application/x-hdf hdf
application/x-hdf5 h5
application/x-latex latex
application/x-mif mif
application/x-netcdf cdf nc
application/x-pkcs12 p12 pfx
application/x-pn-realaudio ram
application/x-python-code pyc pyo
application/x-sh sh
application/x-shar shar
application/x-shockwave-flash swf
application/x-sv4cpio sv4cpio
application/x-sv4crc sv4crc
application/x-tar tar
application/x-tcl tcl
application/x-tex tex
application/x-texinfo texi texinfo
application/x-troff roff t tr
application/x-troff-man man
application/x-troff-me me
application/x-troff-ms ms
application/x-ustar ustar
application/x-wais-source src
application/xml rdf wsdl xpdl xsl
application/zip zip
audio/3gpp 3gp 3gpp
audio/3gpp2 3g2 3gpp2
audio/aac aac adts ass loas
audio/basic au snd
audio/mpeg mp2 mp3
audio/opus opus
audio/x-aiff aif aifc aiff
audio/x-pn-realaudio ra
audio/x-wav wav
image/avif avif
image/bmp bmp
image/gif gif
image/heic heic
image/heif heif
image/ief ief
image/jpeg jpe jpeg jpg
image/png png
image/svg+xml svg
image/tiff tif tiff
image/vnd.microsoft.icon ico
image/x-cmu-raster ras
image/x-portable-anymap pnm
image/x-portable-bitmap pbm
image/x-portable-graymap pgm
image/x-portable-pixmap ppm
image/x-rgb rgb
image/x-xbitmap xbm
image/x-xpixmap xpm
image/x-xwindowdump xwd
message/rfc822 eml mht mhtml nws
text/css css
text/csv csv
text/html htm html
text/n3 n3
text/plain bat c h ksh pl srt txt
text/richtext rtx
text/tab-separated-values tsv
text/vtt vtt
text/x-python py
text/x-setext etx
text/x-sgml sgm sgml
text/x-vcard vcf
text/xml xml
video/mp4 mp4
video/mpeg m1v mpa mpe mpeg mpg
video/quicktime mov qt
video/webm webm
video/x-msvideo avi
video/x-sgi-movie movie
`;

const TYPE_OF: ReadonlyMap<string, string> = new Map(
  TYPES.trim()
    .split('\n')
    .flatMap((line) => {
      const [type = '', ...endings] = line.split(' ');
      return endings.map((ending) => [`.${ending}`, type] as const);
    }),
);
const UNPACKED: Readonly<Record<string, string>> = {
  '.svgz': '.svg.gz',
  '.tgz': '.tar.gz',
  '.taz': '.tar.gz',
  '.tz': '.tar.gz',
  '.tbz2': '.tar.bz2',
  '.txz': '.tar.xz',
};
const ENCODING_OF: Readonly<Record<string, string>> = {
  '.gz': 'gzip',
  '.Z': 'compress',
  '.bz2': 'bzip2',
  '.xz': 'xz',
  '.br': 'br',
};

/**
 * Guesses by a path's ending.
 *
 * @see https://docs.python.org/3/library/mimetypes.html#mimetypes.guess_type
 * @example
 * guessMediaType('data/train.csv.gz'); // { type: 'text/csv', encoding: 'gzip' }
 */
export function guessMediaType(path: string): MediaType {
  let [stem, ending] = split(path.slice(path.lastIndexOf('/') + 1));
  const unpacked = UNPACKED[ending.toLowerCase()];
  if (unpacked !== undefined) [stem, ending] = split(stem + unpacked);
  const encoding = ENCODING_OF[ending];
  if (encoding !== undefined) [, ending] = split(stem);
  return { type: TYPE_OF.get(ending) ?? TYPE_OF.get(ending.toLowerCase()), encoding };
}

/** A name and its ending with the dot; a dot that only other dots stand before begins a name, not an ending. */
function split(name: string): [string, string] {
  const at = name.lastIndexOf('.');
  return at <= 0 || /^\.*$/.test(name.slice(0, at)) ? [name, ''] : [name.slice(0, at), name.slice(at)];
}
