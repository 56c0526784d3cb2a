# Builds the adapter outside of headgate's source, with the installed header; "headgatectl adapter new" makes it a Makefile.
NAME = fake
CFLAGS ?= -O2 -g
needs = headgate json-c libcrypto

$(NAME).so: $(NAME).c fake_wire.c fake_wire.h
	$(CC) -std=gnu17 -Wall -Wextra $(CFLAGS) -fPIC -fvisibility=hidden -shared $(LDFLAGS) -o $@ $(NAME).c fake_wire.c \
		$$(pkg-config --cflags --libs $(needs))

check: $(NAME).so
	sh try.sh $(NAME)

# Its folder and the file belong to root or the daemon's user, and nobody else may write them: loading code is running it.
install: $(NAME).so
	install -D -m 755 $(NAME).so "$(DESTDIR)$$(pkg-config --variable=adapterdir headgate)/$(NAME).so"

clean:
	rm -f $(NAME).so

.PHONY: check install clean
