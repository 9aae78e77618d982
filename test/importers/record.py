"""Records runs of further diffusers schedulers: PYTHONPATH=diffusers/src python record.py NAME > recorded/NAME.json.

The classes run as they are, in float64, on the mixtures of test/conformance. Needs torch and what diffusers imports.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import torch

# The mixtures, and float64 in place of diffusers' own casts to float32; before diffusers is imported.
sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))
from record import MODELS, x0  # noqa: E402

import diffusers  # noqa: E402
from diffusers.schedulers.deprecated.scheduling_sde_vp import ScoreSdeVpScheduler  # noqa: E402


def output(kind, x, alpha, sigma):
    data = x0(x, torch.as_tensor(alpha), torch.as_tensor(sigma))
    if kind == "sample":
        return data
    if kind == "v_prediction" and sigma > 0:
        return (alpha * x - data) / sigma
    eps = (x - alpha * data) / sigma if sigma > 0 else torch.zeros_like(x)
    if kind == "score":
        return -eps / sigma
    return eps - data if kind == "flow" else eps


def table(scheduler, t):
    bar = scheduler.alphas_cumprod[int(t)]
    return bar.sqrt(), (1 - bar).sqrt()


def straight(scheduler, t):
    sigma = t / scheduler.config.num_train_timesteps
    return 1 - sigma, sigma


def circle(_, t):
    return torch.cos(math.pi / 2 * t), torch.sin(math.pi / 2 * t)


def ratio(scheduler, _):
    sigma = scheduler.sigmas[scheduler.step_index or 0]
    alpha = 1 / (1 + sigma**2) ** 0.5
    return alpha, alpha * sigma


def rectified(scheduler, _):
    sigma = scheduler.sigmas[scheduler.step_index or 0]
    return 1 - sigma, sigma


def consistency(scheduler, _):
    return 1.0, scheduler.sigmas[scheduler.step_index or 0]


def trigflow(scheduler, t):
    return max(0.0, math.cos(t)), scheduler.config.sigma_data * math.sin(t)


def raw(scheduler, x, t):
    """What networks with a wrapper of their own return."""
    if isinstance(scheduler, diffusers.SCMScheduler):
        return (math.cos(t) * x - x0(x, *map(torch.as_tensor, trigflow(scheduler, t)))) / math.sin(t)
    sigma = consistency(scheduler, t)[1]
    skip, out = scheduler.get_scalings_for_boundary_condition(sigma)
    return (x0(x, 1.0, sigma) - skip * x) / out if out > 1e-9 else torch.zeros_like(x)


def quadratic(scheduler, t):
    alpha = torch.exp(-(t**2) / 4 * (scheduler.config.beta_max - scheduler.config.beta_min) - t / 2 * scheduler.config.beta_min)
    return alpha, (1 - alpha**2).sqrt()


def calls(scheduler, x, kind, level):
    """One call a step, as the pipelines make them: the times that the network is told, and the state after the step."""
    old, last = None, None
    # The list of SCM ends with the time at which the run ends.
    times = scheduler.timesteps[:-1] if isinstance(scheduler, diffusers.SCMScheduler) else scheduler.timesteps
    for t, after in zip(times, [*times[1:], None]):
        out = raw(scheduler, x, t) if level in (consistency, trigflow) else output(kind, x, *level(scheduler, t))
        if isinstance(scheduler, diffusers.CogVideoXDPMScheduler):
            x, old = scheduler.step(out, old, t, last, x)
            last = t
        elif isinstance(scheduler, diffusers.UnCLIPScheduler):
            x = scheduler.step(out, t, x, after, return_dict=False)[0]
        else:
            x = scheduler.step(out, t, x, return_dict=False)[0]
        yield [float(t)], x


def score_sde_vp(scheduler, x, *_):
    for t in scheduler.timesteps:
        x = scheduler.step_pred(output("epsilon", x, *quadratic(scheduler, t)), x, t)[0]
        yield [float(t)], x


def score_sde_ve(scheduler, x, *_):
    """The loop of ScoreSdeVePipeline, which returns the last mean."""
    scheduler.set_sigmas(len(scheduler.timesteps))
    corrections = scheduler.config.correct_steps
    for t, sigma in zip(scheduler.timesteps, scheduler.sigmas):
        for _ in range(corrections):
            x = scheduler.step_correct(output("score", x, 1.0, sigma), x).prev_sample
        x, mean = scheduler.step_pred(output("score", x, 1.0, sigma), t, x, return_dict=False)
        yield [float(sigma)] * (corrections + 1), mean if t == scheduler.timesteps[-1] else x


def case(name, id, level, family, config=None, n=None, args=None, seed=0, loop=calls):
    # Options of another class, which LTXEulerAncestralRF passes on to FlowMatchEulerDiscrete, are kept like this only.
    cls = ScoreSdeVpScheduler if name == "ScoreSdeVp" else getattr(diffusers, f"{name}Scheduler")
    scheduler = cls.from_config(config or {})
    rng = np.random.default_rng(seed)
    kept = []

    def randn(shape, **_):
        kept.append(torch.tensor(rng.standard_normal(tuple(shape))))
        return kept[-1]

    module = sys.modules[type(scheduler).__module__]
    if hasattr(module, "randn_tensor"):
        module.randn_tensor = randn
    scheduler.set_timesteps(**({} if n is None else {"num_inference_steps": n}), **(args or {}))
    kind = {"flow": "flow", "circle": "v_prediction"}.get(family, (config or {}).get("prediction_type", "epsilon"))
    if hasattr(scheduler, "is_scale_input_called"):
        scheduler.is_scale_input_called = True
    scale = scheduler.init_noise_sigma if name in ("CMStochasticIterative", "ScoreSdeVe") else 1
    start = torch.tensor(rng.standard_normal((3, 4, 1))) * scale
    told, states = zip(*loop(scheduler, start, kind, level))
    told = sum(told, [])
    options = {"config": config or {}, "set_timesteps": args or {}, "step": {}}
    if n is not None:
        options["num_inference_steps"] = n
    return {
        "id": id, "solver": name, "options": options, "schedule": {"family": family}, "prediction": kind, "guidance": None,
        "grid": {"kind": family, "t": told}, "model": "A", "x_init": start.tolist(),
        "nfe": len(told), "trajectory": [state.tolist() for state in states], "x_final": states[-1].tolist(),
        "rtol": 1e-8, "atol": 1e-9, **({"noise": [z.tolist() for z in kept]} if kept else {}),
    }


v = {"prediction_type": "v_prediction"}
zero = {**v, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
scaled = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}


def further():
    yield from (
        case("DDIMParallel", "DDIM as ParaDiGMS has it", table, "index", {"clip_sample": False}, 10),
        case("DDPMParallel", "DDPM as ParaDiGMS has it", table, "index", {"clip_sample": False, **v}, 8, seed=1),
        case("CogVideoXDDIM", "CogVideoX of 5B", table, "index", {**zero, "snr_shift_scale": 1.0}, 10, seed=2),
        case("CogVideoXDDIM", "CogVideoX of 2B", table, "index", {**zero, "snr_shift_scale": 3.0}, 20, seed=3),
        case("CogVideoXDDIM", "CogVideoX, strided", table, "index", {"timestep_spacing": "linspace"}, 7, seed=4),
        case("CogVideoXDDIM", "CogVideoX that ends at training step 0", table, "index", {"set_alpha_to_one": False, "prediction_type": "sample"}, 5, seed=5),
        case("CogVideoXDPM", "CogVideoX with noise", table, "index", zero, 10, seed=6),
        case("CogVideoXDPM", "CogVideoX with noise, eps", table, "index", {"snr_shift_scale": 2.0, "beta_schedule": "linear"}, 8, seed=7),
        case("CogVideoXDPM", "CogVideoX with noise, one step", table, "index", zero, 1, seed=8),
        case("CogVideoXDPM", "CogVideoX with noise, two steps", table, "index", zero, 2, seed=9),
        case("IPNDM", "Adams-Bashforth on the circle", circle, "circle", {}, 10, seed=10),
        case("IPNDM", "Adams-Bashforth on the circle, two steps", circle, "circle", {"num_train_timesteps": 500}, 2, seed=11),
        case("LTXEulerAncestralRF", "LTX", straight, "flow", {}, 8, seed=12),
        case("LTXEulerAncestralRF", "LTX with half the noise, shifted", straight, "flow", {"eta": 0.5, "s_noise": 0.9, "shift": 3.0}, 6, seed=13),
        case("LTXEulerAncestralRF", "LTX without noise", straight, "flow", {"eta": 0.0}, 5, seed=14),
        case("LTXEulerAncestralRF", "LTX whose noise is left out", straight, "flow", {"eta": 0.7, "s_noise": 0.0}, 5, seed=15),
        case("LTXEulerAncestralRF", "LTX at given levels", straight, "flow", {}, None, {"sigmas": [1.0, 0.99, 0.9, 0.6, 0.2, 0.0]}, seed=16),
        case("LTXEulerAncestralRF", "LTX with dynamic shift", straight, "flow", {"use_dynamic_shifting": True, "shift_terminal": 0.1}, 6, {"mu": 0.8}, seed=17),
    )


def inverse():
    def run(id, config, n, seed, level=ratio, family="index"):
        return case("DPMSolverMultistepInverse", id, level, family, {**scaled, **config}, n, seed=seed)

    yield run("inversion", {}, 20, 0)
    yield run("inversion of few steps", {"solver_order": 3, **v}, 7, 1)
    yield run("inversion of order 3", {"solver_order": 3, "prediction_type": "sample"}, 16, 2)
    yield run("inversion with noise prediction", {"algorithm_type": "dpmsolver", "euler_at_final": True}, 18, 3)
    yield run("inversion with noise prediction, order 3, heun", {"algorithm_type": "dpmsolver", "solver_order": 3, "solver_type": "heun"}, 9, 4)
    yield run("inversion, heun, lower_order_final false", {"solver_type": "heun", "lower_order_final": False}, 6, 5)
    yield run("inversion, leading", {"timestep_spacing": "leading", "steps_offset": 1}, 12, 6)
    yield run("inversion, trailing", {"timestep_spacing": "trailing"}, 20, 7)
    yield run("inversion, clipped", {"lambda_min_clipped": -1.5, "beta_schedule": "squaredcos_cap_v2"}, 10, 8)
    yield run("inversion, clipped trailing", {"lambda_min_clipped": -1.5, "timestep_spacing": "trailing"}, 10, 9)
    yield run("inversion, clipped leading", {"lambda_min_clipped": -1.5, "timestep_spacing": "leading"}, 10, 10)
    yield run("inversion, karras", {"use_karras_sigmas": True}, 8, 11)
    yield run("inversion, exponential", {"use_exponential_sigmas": True}, 16, 12)
    yield run("inversion, beta", {"use_beta_sigmas": True, "solver_order": 1}, 9, 13)
    yield run("inversion, thresholding", {"thresholding": True, "sample_max_value": 1.2}, 8, 14)
    yield run("inversion of one step", {}, 1, 15)
    flow = {"use_flow_sigmas": True, "flow_shift": 3.0, "prediction_type": "flow_prediction"}
    yield run("flow levels, which are not turned around", flow, 8, 16, rectified, "flow")
    yield case("DPMSolverMultistep", "clipped trailing levels downwards", ratio, "index", {**scaled, "lambda_min_clipped": -1.5, "timestep_spacing": "trailing"}, 10, seed=18)
    yield run("flow levels with noise", {**flow, "algorithm_type": "sde-dpmsolver++"}, 16, 17, rectified, "flow")


def consistency_models():
    def cm(id, config, n, seed, args=None):
        return case("CMStochasticIterative", id, consistency, "sigma", config, n, args, seed)

    yield cm("consistency", {}, 4, 0)
    yield cm("consistency in one step", {}, 1, 1)
    yield cm("consistency at every level", {"num_train_timesteps": 9}, 9, 2)
    yield cm("consistency without clipping", {"clip_denoised": False, "s_noise": 0.9}, 6, 3)
    yield cm("consistency of another range", {"sigma_min": 0.01, "sigma_max": 50.0, "sigma_data": 1.0, "rho": 5.0}, 5, 4)
    yield cm("consistency at given timesteps", {"num_train_timesteps": 151}, None, 5, {"timesteps": [106, 62, 0]})
    yield cm("consistency from a lower level", {"clip_denoised": False}, None, 6, {"timesteps": [39, 22, 3]})

    def scm(id, config, n, seed, args=None):
        return case("SCM", id, trigflow, "circle", config, n, args, seed)

    yield scm("trigflow in two steps", {}, 2, 10)
    yield scm("trigflow, equal steps", {"sigma_data": 1.0}, 5, 11, {"intermediate_timesteps": None})
    yield scm("trigflow in one step", {}, 1, 12, {"intermediate_timesteps": None})
    yield scm("trigflow, two equal steps", {}, 2, 13, {"intermediate_timesteps": None, "max_timesteps": 1.5})
    yield scm("trigflow, another middle", {}, 2, 14, {"intermediate_timesteps": 0.9})
    given = {"intermediate_timesteps": None, "max_timesteps": None}
    yield scm("trigflow at given times", {}, 3, 15, {"timesteps": [1.5708, 1.1, 0.4, 0.0], **given})
    yield scm("trigflow that ends before the data", {}, 2, 16, {"timesteps": [1.5, 0.8, 0.1], **given})

    def flow(id, config, n, seed, args=None):
        return case("FlowMatchLCM", id, rectified, "flow", config, n, args, seed)

    yield flow("flow consistency", {}, 4, 20)
    yield flow("flow consistency, shifted", {"shift": 6.0, "upscale_mode": "bilinear"}, 4, 21)
    yield flow("flow consistency, dynamic shift, stretched", {"use_dynamic_shifting": True, "shift_terminal": 0.1}, 6, 22, {"mu": 0.8})
    yield flow("flow consistency, karras", {"shift": 2.0, "use_karras_sigmas": True}, 5, 23)
    yield flow("flow consistency at given levels", {"shift": 3.0}, None, 24, {"sigmas": [1.0, 0.8, 0.4]})
    yield flow("flow consistency at given timesteps", {"shift": 3.0}, None, 25, {"timesteps": [1000.0, 700.0, 200.0]})
    yield flow("flow consistency, linear dynamic shift of given timesteps", {"use_dynamic_shifting": True, "time_shift_type": "linear"}, None, 26, {"timesteps": [999.0, 500.0], "mu": 1.7})


def classes():
    def unclip(id, config, n, seed):
        return case("UnCLIP", id, table, "index", config, n, seed=seed)

    yield unclip("unCLIP", {}, 25, 0)
    yield unclip("unCLIP as Kandinsky has it", {"prediction_type": "sample", "clip_sample_range": 5.0}, 7, 1)
    yield unclip("unCLIP without clipping", {"clip_sample": False, "num_train_timesteps": 100}, 12, 2)
    yield unclip("unCLIP at every training step", {"num_train_timesteps": 20}, 20, 3)
    yield unclip("unCLIP in two steps", {}, 2, 4)

    def cog(id, config, n, seed):
        return case("CogVideoXDPM", id, table, "index", config, n, seed=seed)

    yield cog("CogVideoX with noise, strided", {"timestep_spacing": "linspace"}, 7, 30)
    yield cog("CogVideoX with noise, trailing that ends above the data", zero, 15, 31)
    yield cog("CogVideoX with noise, strided to training step 0", {**v, "timestep_spacing": "trailing", "set_alpha_to_one": False}, 6, 32)
    yield cog("CogVideoX with noise whose last step has no length", {"set_alpha_to_one": False, "prediction_type": "sample"}, 8, 33)
    yield cog("CogVideoX with noise, strided, whose last step has no length", {"set_alpha_to_one": False, "timestep_spacing": "linspace"}, 5, 34)
    yield cog("CogVideoX with noise, offset", {"steps_offset": 168}, 6, 35)
    yield cog("CogVideoX with noise, to training step 0", {"steps_offset": 1, "set_alpha_to_one": False}, 10, 36)
    yield cog("CogVideoX with noise, strided, in two steps", {"timestep_spacing": "linspace"}, 2, 37)

    def ve(id, config, n, seed, args=None):
        return case("ScoreSdeVe", id, None, "ve", config, n, args, seed, score_sde_ve)

    yield ve("VE with one correction", {}, 12, 10)
    yield ve("VE without corrections", {"correct_steps": 0, "sigma_max": 50.0}, 15, 11)
    yield ve("VE with three corrections", {"correct_steps": 3, "snr": 0.1, "sigma_max": 30.0, "sigma_min": 0.02}, 5, 12)
    yield ve("VE down to a later time", {"sigma_max": 50.0}, 6, 13, {"sampling_eps": 0.1})
    yield ve("VE down to an earlier time", {"sigma_max": 50.0, "sampling_eps": 1e-6}, 6, 14)
    yield ve("VE in two steps", {"sigma_max": 20.0}, 2, 15)

    def vp(id, config, n, seed):
        return case("ScoreSdeVp", id, None, "vp", config, n, None, seed, score_sde_vp)

    yield vp("VP", {}, 30, 20)
    yield vp("VP of another range", {"beta_min": 0.2, "beta_max": 12, "sampling_eps": 1e-4}, 14, 21)
    yield vp("VP of a constant rate", {"beta_min": 3.0, "beta_max": 3.0, "sampling_eps": 0.01}, 8, 22)
    yield vp("VP in one step", {"beta_max": 1.0}, 1, 23)


FILES = {"further": further, "inverse": inverse, "consistency": consistency_models, "classes": classes}

SOURCE = {
    "repo": "huggingface/diffusers",
    "commit": "58eb52c080",
    "how": f"test/importers/record.py, scheduler classes run in float64 on torch {torch.__version__.split('+')[0]}",
}
json.dump({"source": SOURCE, "models": MODELS, "cases": list(FILES[sys.argv[1]]())}, sys.stdout, indent=1)
