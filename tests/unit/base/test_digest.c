#include "base/digest.h"

#include "../suite.h"

static void gives(const char *key, struct span bytes, const char *expected) {
    struct digest *digest = digest_new(key);
    char text[DIGEST_TEXT];
    for (int i = 0; i < 2; i++) { /* it is ready for the next bytes */
        digest_text(digest, bytes, text);
        assert_span((struct span){text, DIGEST_TEXT}, expected);
    }
    digest_free(digest);
}

START_TEST(sha256) {
    static char million[1000000];
    memset(million, 'a', sizeof million);
    gives(NULL, span_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    gives("", span_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    gives(NULL, span_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    gives(NULL, (struct span){million, sizeof million},
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

/* RFC 4231, and a key longer than a block. */
START_TEST(hmac) {
    char key[132] = {0};
    memset(key, '\xaa', 131);
    gives("Jefe", span_of("what do ya want for nothing?"),
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    gives(key, span_of("Test Using Larger Than Block-Size Key - Hash Key First"),
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    digest_free(NULL);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("digest");
    tcase_add_test(tests, sha256);
    tcase_add_test(tests, hmac);
    return suite_run("base.digest", tests);
}
