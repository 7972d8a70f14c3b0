"""Serving the page, and keeping its files while it is there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from impasto.media.extra import need
from impasto.studio.address import Address, free_port
from impasto.studio.limits import Limits

_ENVIRONMENT = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_SHARE": "False",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


@contextmanager
def serving(address: Address, limits: Limits | None = None) -> Iterator[str]:
    """Keep the page open, and yield where it is; at the end its files go.

    Args:
        address: Where it shall be, and who may see it.
        limits: How much each visitor may ask for.
    Raises:
        UsageError: If Gradio is missing.
        ImpastoError: If nothing can listen there.
    """
    os.environ.update(_ENVIRONMENT)
    with tempfile.TemporaryDirectory(prefix="impasto-studio-", ignore_cleanup_errors=True) as root:
        os.environ["GRADIO_TEMP_DIR"] = root
        need("gradio", extra="studio")
        from impasto.studio.bench import Bench
        from impasto.studio.page import CSS, build_page, theme
        from impasto.studio.texts import translations
        from impasto.studio.visits import Visits

        limits = limits or Limits()
        page = build_page(Bench(Visits(Path(root)), limits))
        try:
            _, url, _ = page.launch(
                server_name=address.host,
                server_port=free_port(address),
                auth=address.user,
                max_file_size=limits.megabytes * 2**20,
                prevent_thread_lock=True,
                quiet=True,
                share=False,
                inbrowser=False,
                footer_links=[],
                run_history=False,
                enable_monitoring=False,
                ssr_mode=False,
                mcp_server=False,
                pwa=False,
                i18n=translations(),
                theme=theme(),
                css=CSS,
            )
            yield url
        finally:
            page.close(verbose=False)
