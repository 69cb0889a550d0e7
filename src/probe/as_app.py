# Asks the database as the app asks it: with the app's own settings, from the app's own container.
# Prints one line that starts with BREAKFIX and ends with JSON. Writes nothing, changes nothing.
import contextlib, glob, importlib, json, os, re, signal, socket, struct, sys


def say(outcome, **more):
    os.write(1, ("\nBREAKFIX " + json.dumps(dict(more, outcome=outcome), default=str) + "\n").encode())
    os._exit(0)


signal.signal(signal.SIGALRM, lambda *_: say("slow"))
signal.alarm(int(os.environ.get("BREAKFIX_PATIENCE", "30")))
sys.dont_write_bytecode = True
sys.argv = ["app.py"]


def folders():
    found = [os.getcwd(), "/opt/services/flaskapp/src"]
    for cwd in glob.glob("/proc/[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            found.append(os.readlink(cwd))
            with open(os.path.join(os.path.dirname(cwd), "cmdline"), "rb") as file:
                for word in file.read().decode(errors="replace").split("\0"):
                    if word.endswith(".py"):
                        found.append(os.path.dirname(os.path.join(found[-1], word)))
    return [folder for folder in dict.fromkeys(found) if os.path.isdir(folder)]


def modules():
    """Names of modules that may know the database, the likeliest first, and whether they load Flask."""
    names = {}
    for folder in folders():
        for path in glob.glob(os.path.join(glob.escape(folder), "*.py"))[:200]:
            with contextlib.suppress(OSError), open(path, errors="replace") as file:
                text = file.read(200_000)
            name = os.path.basename(path)[:-3]
            known = ["database", "db", "models", "extensions", "config", "settings"]
            if name.isidentifier() and re.search(r"create_engine|SQLALCHEMY_DATABASE_URI|postgres", text):
                rank = known.index(name) if name in known else len(known)
                # Loading Flask takes a while: whoever does without it comes first.
                names.setdefault(name, (bool(re.search(r"^\s*(from|import) flask", text, re.M)), rank))
                if folder not in sys.path:
                    sys.path.insert(0, folder)
    return [(name, names[name][0]) for name in sorted(names, key=names.get)]


def disarm_flask():
    """An app that serves as soon as it is loaded must not serve here."""
    with contextlib.suppress(Exception):
        import flask
        flask.Flask.run = lambda *_, **__: None


try:
    import sqlalchemy
    from sqlalchemy.engine import Engine, make_url
except Exception as error:
    say("unknown", error=f"SQLAlchemy cannot be loaded: {error}")


def urls(module):
    for value in list(vars(module).values()):
        if isinstance(value, Engine):
            yield value.url
        elif isinstance(getattr(value, "config", None), dict) and value.config.get("SQLALCHEMY_DATABASE_URI"):
            yield make_url(value.config["SQLALCHEMY_DATABASE_URI"])
    for value in list(vars(module).values()):
        if isinstance(value, str) and re.match(r"postgres\w*(\+\w+)?://", value):
            yield make_url(value)
        elif isinstance(value, sqlalchemy.engine.URL):
            yield value


url, problem = None, None
for name, with_flask in modules():
    try:
        if with_flask:
            disarm_flask()
        with contextlib.redirect_stdout(sys.stderr):
            module = importlib.import_module(name)
        url = next(iter(urls(module)), None)
    except BaseException as error:
        problem = problem or f"{name}.py: {type(error).__name__}: {error}"
        if type(error).__module__.startswith("sqlalchemy"):
            say("error", error=problem)
    if url is not None:
        break
if url is None:
    say("unknown", error=problem or "no module of the app names a database")
if not url.drivername.startswith("postgres"):
    say("error", error=f"the app uses {url.drivername}, not Postgres")

host, port = url.host or "localhost", url.port or 5432
where = {"host": host, "port": port, "user": url.username}
try:
    places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
except OSError as error:
    say("name-unknown", error=str(error), **where)
try:
    connection = socket.create_connection(places[0][4][:2], timeout=3)
    connection.sendall(struct.pack("!II", 8, 80877103))
    greeting = connection.recv(1)
    connection.close()
except ConnectionRefusedError:
    say("refused", **where)
except (TimeoutError, socket.timeout):
    say("timed-out", **where)
except ConnectionError:
    say("reset", **where)
except OSError as error:
    say("unreachable", error=str(error), **where)
if greeting == b"":
    say("reset", **where)
if greeting not in b"SN":
    say("error", error=f"what answers at {host}:{port} is not Postgres", **where)
try:
    arguments = {} if "pg8000" in url.drivername or "asyncpg" in url.drivername else {"connect_timeout": 3}
    if "asyncpg" in url.drivername:
        url = url.set(drivername="postgresql")
    with sqlalchemy.create_engine(url, connect_args=arguments).connect() as session:
        version = session.exec_driver_sql("SHOW server_version").scalar()
        ours = "schemaname NOT IN ('pg_catalog', 'information_schema')"
        tables = session.exec_driver_sql(f"SELECT count(*) FROM pg_tables WHERE {ours}").scalar()
    say("connected", version=version, tables=tables, **where)
except ImportError as error:
    say("connected", version=None, error=str(error), **where)
except Exception as error:
    say("error", error=str(getattr(error, "orig", None) or error), **where)
