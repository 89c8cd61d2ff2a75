"""MLflow's scoring server for a model that was checked and loaded already."""

import socket
from collections.abc import Callable, Mapping
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from mlflow.models import Model
from mlflow.pyfunc import PyFuncModel, scoring_server

from segmentation.errors import InputError
from segmentation.serving import SegmentModel
from segmentation.tracking._models import PyfuncWrapper, signature


def scoring_app(model: SegmentModel) -> FastAPI:
    """Make MLflow's scoring server for a model, as an ASGI application.

    Nothing of the model's files is read again, so the code that they bring is not run. What MLflow's own server takes
    for its own failure though the body is to blame (no content type, numbers of thousands of digits, brackets without
    end) is a bad request here.

    Parameters
    ----------
    model : SegmentModel
        From `load_model`.

    Returns
    -------
    FastAPI
        ``/ping``, ``/health``, ``/version`` and ``/invocations``.
    """
    described = Model(signature=signature(model))
    mlflow.pyfunc.add_to_model(described, loader_module=PyfuncWrapper.__module__)
    app: FastAPI = scoring_server.init(PyFuncModel(described, _JsonAnswers(model)))
    for unreadable in (ValueError, RecursionError):
        # What goes wrong later than in reading the body is MLflow's own exception by then.
        app.add_exception_handler(unreadable, _bad_request)
    app.middleware("http")(_with_content_type)
    return app


def serve(model: SegmentModel, host: str, port: int, on_listening: Callable[[], None]) -> None:
    """Serve a model until the process is interrupted.

    Parameters
    ----------
    model : SegmentModel
        From `load_model`.
    host : str
        The address to listen on.
    port : int
        The port.
    on_listening : callable
        Called once requests are taken.

    Raises
    ------
    InputError
        If nothing can listen there.
    """
    try:
        listener = socket.create_server((host, port))
    except (OSError, OverflowError, TypeError) as error:
        reason = f"{getattr(error, 'strerror', None) or error}".partition(" (")[0]
        raise InputError(f"Nothing can be served at host={host} port={port} ({reason}).") from error
    # asyncio does so for sockets that it makes itself; without it an answer waits 40 ms for the one before to be
    # acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    on_listening()
    with listener:
        uvicorn.Server(uvicorn.Config(scoring_app(model), log_level="warning")).run([listener])


class _JsonAnswers(PyfuncWrapper):
    """Answers without NaN and infinity, which JSON cannot hold."""

    def predict(self, data: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        answers = super().predict(data, params)
        for column in ("distance", "margin"):
            finite = np.isfinite(answers[column])
            if not finite.all():
                answers[column] = answers[column].astype(object).where(finite, None)
        return answers


async def _bad_request(_: Request, error: Exception) -> Response:
    return JSONResponse({"error_code": "BAD_REQUEST", "message": f"The body cannot be read: {error}"}, 400)


async def _with_content_type(request: Request, call_next: Any) -> Response:
    if request.method == "POST" and "content-type" not in request.headers:
        valid = ", ".join(scoring_server.CONTENT_TYPES)
        return JSONResponse(
            {"error_code": "BAD_REQUEST", "message": f"No Content-Type; valid are: {valid}."}, 415
        )
    answer: Response = await call_next(request)
    return answer
