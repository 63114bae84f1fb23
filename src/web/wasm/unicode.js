// What unicode.cpp asks of JavaScript, which has the tables of Unicode.
mergeInto(LibraryManager.library, {
  lab_other_case: function (character, upper) {
    const text = String.fromCodePoint(character);
    const other = Array.from(upper ? text.toUpperCase() : text.toLowerCase());
    return other.length === 1 ? other[0].codePointAt(0) : character;
  },
  lab_base_of: function (character) {
    return String.fromCodePoint(character).normalize("NFKD").codePointAt(0);
  },
  // 0 for marks that stand on the character before, 2 for the wide ones of East Asia and for pictures, else 1.
  lab_width_of: function (character) {
    const text = String.fromCodePoint(character);
    if (/^[\p{Mn}\p{Me}\p{Cc}\p{Cf}]$/u.test(text)) return 0;
    const isWide = /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}]$/u.test(text);
    return isWide || (character >= 0x3000 && character < 0x303f) || (character > 0xff00 && character < 0xff61) ? 2 : 1;
  },
  // The place of its category in unicode.cpp's list, in which the last is for what has none.
  lab_category_of: function (character) {
    const text = String.fromCodePoint(character);
    const all = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co".split(" ");
    const place = all.findIndex(function (category) { return new RegExp("^\\p{" + category + "}$", "u").test(text); });
    return place < 0 ? all.length : place;
  },
});
