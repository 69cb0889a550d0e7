# Makes the tables of an app that brings its own way to them: a function, its models, a script, migrations.
# Runs in the app's container, with the app's own Python. Code 0: something was made; 3: no way was found; else: it failed.
import contextlib, glob, importlib, os, re, runpy, signal, subprocess, sys

signal.alarm(25)
sys.dont_write_bytecode = True
sys.argv = ["app.py"]
SKIPPED = {"site-packages", "dist-packages", "node_modules", "venv", ".venv", "env", ".git", "__pycache__", "tests", "migrations"}
FUNCTIONS = r"^def ((?:init|create|setup|make|build|initialize|initialise)_?(?:the_)?(?:db|database|tables?|schema)(?:_command)?)\(\s*\)"
SCRIPTS = r"^(init|create|setup|make|build|bootstrap|migrate|seed|prepare)\w*\.py$"


def roots():
    found = [os.getcwd()]
    for cwd in glob.glob("/proc/[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            found.append(os.readlink(cwd))
    found += ["/opt/services/flaskapp/src", "/app", "/code", "/src", "/srv", "/usr/src/app", "/opt/app"]
    return [root for root in dict.fromkeys(found) if root != "/" and os.path.isdir(root)]


def sources():
    """Paths and texts of Python files, those higher up first."""
    texts = {}
    for root in roots():
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(name for name in folders if name not in SKIPPED)
            if folder[len(root):].count(os.sep) >= 3:
                folders[:] = []
            for name in sorted(files):
                path = os.path.join(folder, name)
                if name.endswith(".py") and path not in texts and len(texts) < 200:
                    with contextlib.suppress(OSError), open(path, errors="replace") as file:
                        texts[path] = file.read(200_000)
    return texts


def load(path):
    """The module of a file, by the name that its own package gives it."""
    folder, name = os.path.split(path[:-3])
    parts = [] if name == "__init__" else [name]
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        parts.insert(0, package)
    if not parts or not all(part.isidentifier() for part in parts):
        return None
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(".".join(parts))


def disarm_servers():
    """An app that serves as soon as it is loaded must not serve here."""
    for module, name in [("flask", "Flask.run"), ("werkzeug.serving", "run_simple"), ("waitress", "serve")]:
        with contextlib.suppress(Exception):
            target = importlib.import_module(module)
            *path, last = name.split(".")
            for part in path:
                target = getattr(target, part)
            setattr(target, last, lambda *_, **__: None)


def flask_app(modules):
    import flask
    for module in modules:
        for value in list(vars(module).values()):
            if isinstance(value, flask.Flask):
                return value
    for module in modules:
        for name in ("create_app", "make_app", "app_factory", "build_app"):
            if callable(getattr(module, name, None)):
                return getattr(module, name)()
    return None


def in_context(modules, work):
    app = None
    with contextlib.suppress(Exception):
        app = flask_app(modules)
    if app is None:
        return work()
    with app.app_context():
        return work()


def by_function(texts, modules):
    for path, text in texts.items():
        for name in re.findall(FUNCTIONS, text, re.M):
            module = loaded(path, modules)
            if module is not None:
                in_context(list(modules.values()), getattr(module, name))
                return True
    return False


def by_models(texts, modules):
    import sqlalchemy
    from sqlalchemy.engine import Engine
    for path, text in texts.items():
        if re.search(r"Column\(|mapped_column\(|declarative_base|DeclarativeBase|SQLAlchemy\(|Flask\(|create_engine\(", text):
            loaded(path, modules)
    values = [value for module in modules.values() for value in list(vars(module).values())]
    for value in values:
        if type(value).__module__.startswith("flask_sqlalchemy") and hasattr(value, "create_all"):
            in_context(list(modules.values()), value.create_all)
            return True
    engines = [value for value in values if isinstance(value, Engine)]
    metadata = [value if isinstance(value, sqlalchemy.MetaData) else getattr(value, "metadata", None) for value in values]
    for known in metadata:
        if isinstance(known, sqlalchemy.MetaData) and known.tables and engines:
            known.create_all(engines[0])
            return True
    return False


def by_script(texts, _):
    for path, text in texts.items():
        if re.match(SCRIPTS, os.path.basename(path)) and re.search(r"create_all|create table|init_db|upgrade\(", text, re.I):
            os.chdir(os.path.dirname(path))
            sys.path.insert(0, os.getcwd())
            runpy.run_path(path, run_name="__main__")
            return True
    return False


def by_migrations(*_):
    for root in roots():
        if os.path.exists(os.path.join(root, "migrations", "alembic.ini")):
            return subprocess.run([sys.executable, "-m", "flask", "db", "upgrade"], cwd=root).returncode == 0
        if os.path.exists(os.path.join(root, "alembic.ini")):
            return subprocess.run([sys.executable, "-m", "alembic", "upgrade", "head"], cwd=root).returncode == 0
    return False


def loaded(path, modules):
    if path not in modules:
        try:
            module = load(path)
        except BaseException as error:
            print(f"{path}: {type(error).__name__}: {error}", file=sys.stderr)
            return None
        if module is None:
            return None
        modules[path] = module
    return modules[path]


disarm_servers()
texts, modules, code = sources(), {}, 3
for way in (by_function, by_migrations, by_script, by_models):
    try:
        if way(texts, modules):
            print(way.__name__)
            code = 0
            break
    except BaseException as error:
        print(f"{way.__name__}: {type(error).__name__}: {error}", file=sys.stderr)
        code = 1
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)
