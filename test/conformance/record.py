"""Records runs of published samplers in the schema of cases/README.md: python record.py SOURCES OUT.

SOURCES holds checkouts owner+name of the repositories below. Their code runs as it is, in float64 on closed-form
mixtures; only imports that have nothing to do with the arithmetic are left out.
"""

import ast
import importlib
import json
import math
import sys
import types
from pathlib import Path

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
# The references' own casts to float32 mean float64 here, as in the other records.
torch.float32 = torch.float = torch.float64
torch.Tensor.float = torch.Tensor.double
np.float32 = np.float64

MODELS = {
    "A": {
        "weights": [0.5, 0.3, 0.2],
        "means": [[0.8, -0.4, 0.3, 0.1], [-0.7, 0.5, -0.2, 0.6], [0.1, 0.9, 0.6, -0.8]],
        "stds": [0.5, 0.35, 0.25],
    },
    "B": {
        "weights": [0.6, 0.4],
        "means": [[-0.5, 0.2, 0.4, -0.3], [0.6, -0.6, -0.5, 0.2]],
        "stds": [0.6, 0.4],
    },
}


def x0(x, alpha, sigma, name="A"):
    """E[x0 | x] of the mixture."""
    m = {k: torch.tensor(v) for k, v in MODELS[name].items()}
    flat = x.reshape(x.shape[0], -1)
    v = alpha**2 * m["stds"] ** 2 + sigma**2
    away = flat[:, None, :] - alpha * m["means"]
    log = m["weights"].log() - flat.shape[1] / 2 * v.log() - (away**2).sum(-1) / (2 * v)
    each = m["means"] + (alpha * m["stds"] ** 2 / v)[:, None] * away
    return (torch.softmax(log, 1)[:, :, None] * each).sum(1).reshape(x.shape)


def eps(x, alpha, sigma, name="A"):
    return (x - alpha * x0(x, alpha, sigma, name)) / sigma


class Draws:
    """Stands for torch's generator and keeps what it gave."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.kept = []

    def start(self, shape):
        return torch.tensor(self.rng.standard_normal(shape))

    def like(self, x, **_):
        value = torch.tensor(self.rng.standard_normal(tuple(x.shape)))
        self.kept.append(value)
        return value


def plain(value):
    if isinstance(value, torch.Tensor):
        value = value.detach().reshape(value.shape[0], -1).tolist() if value.dim() > 1 else value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value


def entry(name, solver, options, schedule, prediction, draws, start, states, final, **more):
    assert all(torch.isfinite(state).all() for state in [*states, final]), name
    return {
        "id": name,
        "solver": solver,
        "options": options,
        "schedule": schedule,
        "prediction": prediction,
        "guidance": more.pop("guidance", None),
        "model": "A",
        "x_init": start,
        "noise": draws.kept,
        **({"trajectory": states} if states else {}),
        "x_final": final,
        "rtol": more.pop("rtol", 1e-9),
        "atol": more.pop("atol", 1e-10),
        **more,
    }


def write(out, name, repo, commit, cases):
    source = {"repo": repo, "commit": commit, "recorded_by": "test/conformance/record.py"}
    text = json.dumps(plain({"source": source, "models": MODELS, "cases": cases}), separators=(",", ":"))
    (out / name).write_text(text.replace('{"id"', '\n{"id"') + "\n")
    print(name, len(cases))


def package(name, path):
    module = types.ModuleType(name)
    module.__path__ = [str(path)]
    sys.modules[name] = module


SHAPE = (3, 4, 1, 1)


# score_sde_pytorch ---------------------------------------------------------------------------------------------------


def score_sde(root):
    sys.path.insert(0, str(root))
    package("models", root / "models")
    import sampling
    import sde_lib

    def case(number, kind, N, seed=0, constants=None, ode=None, **options):
        o = {
            "predictor": "reverse_diffusion",
            "corrector": "none",
            "snr": 0.16,
            "n_steps_each": 1,
            "probability_flow": False,
            "continuous": True,
            "denoise": True,
            "eps": 1e-5 if kind == "vesde" else 1e-3,
            **options,
        }
        c = constants or ({"sigma_min": 0.01, "sigma_max": 20.0} if kind == "vesde" else {"beta_min": 0.1, "beta_max": 20.0})
        sde = {"vpsde": sde_lib.VPSDE, "subvpsde": sde_lib.subVPSDE, "vesde": sde_lib.VESDE}[kind](**c, N=N)
        draws = Draws(seed)
        start = draws.start(SHAPE) * (c["sigma_max"] if kind == "vesde" else 1)

        class Net(torch.nn.Module):
            def forward(self, x, labels):
                label = labels.reshape(-1)[0]
                if kind == "vesde":
                    sigma = label if o["continuous"] else sde.discrete_sigmas[N - 1 - int(label)]
                    return -eps(x, torch.tensor(1.0), sigma) / sigma
                if kind == "vpsde" and not o["continuous"]:
                    i = int(label)
                    return eps(x, sde.sqrt_alphas_cumprod[i], sde.sqrt_1m_alphas_cumprod[i])
                mean, std = sde.marginal_prob(torch.ones(1, 1, 1, 1), label.reshape(1) / 999)
                return eps(x, mean.reshape(()), std.reshape(()))

        torch.randn_like = draws.like
        torch.randn = lambda *_, **__: start / (c["sigma_max"] if kind == "vesde" else 1)
        schedule = {"kind": kind, **c, "N": N}
        prediction = "score (VE) / noise with score=-eps/std (VP, subVP)"
        if ode:
            sampler = sampling.get_ode_sampler(
                sde, SHAPE, lambda x: x, denoise=o["denoise"], eps=o["eps"], device="cpu", **ode
            )
            final, _ = sampler(Net(), z=start)
            options = {**ode, "eps": o["eps"], "denoise": o["denoise"]}
            return entry(
                f"scoresde/further-{number}", "get_ode_sampler", options, schedule, prediction, Draws(0), start, [], final,
                rtol=50 * ode["rtol"], atol=50 * ode["atol"],
            )
        states = []
        update = sampling.shared_predictor_update_fn

        def watched(x, t, **kw):
            result = update(x, t, **kw)
            states.append(result[0])
            return result

        sampling.shared_predictor_update_fn = watched
        sampler = sampling.get_pc_sampler(
            sde, SHAPE, sampling.get_predictor(o["predictor"]), sampling.get_corrector(o["corrector"]), lambda x: x,
            o["snr"], o["n_steps_each"], o["probability_flow"], o["continuous"], o["denoise"], o["eps"], "cpu",
        )
        final, _ = sampler(Net())
        sampling.shared_predictor_update_fn = update
        return entry(
            f"scoresde/further-{number}", f"{o['predictor']}+{o['corrector']}", {**o, "N": N}, schedule, prediction,
            draws, start, states, final,
        )

    ancestral, ald = {"predictor": "ancestral_sampling"}, {"corrector": "ald"}
    return [
        case("vp-ancestral", "vpsde", 25, **ancestral),
        case("vp-ancestral-discrete", "vpsde", 30, seed=1, continuous=False, **ancestral),
        case("ve-ancestral", "vesde", 12, seed=2, **ancestral),
        case("ve-ancestral-ald", "vesde", 10, seed=3, n_steps_each=2, **ancestral, **ald),
        case("vp-ald", "vpsde", 24, seed=4, snr=0.1, predictor="euler_maruyama", **ald),
        case("vp-none-ald", "vpsde", 24, seed=5, snr=0.05, predictor="none", **ald),
        case("vp-discrete-langevin", "vpsde", 24, seed=6, corrector="langevin", continuous=False),
        case("ve-discrete", "vesde", 12, seed=7, continuous=False),
        case("ve-discrete-langevin", "vesde", 11, seed=8, continuous=False, corrector="langevin", eps=0.02, denoise=False),
        case("ve-discrete-ald-em", "vesde", 14, seed=9, continuous=False, predictor="euler_maruyama", **ald),
        case("subvp-em", "subvpsde", 20, seed=10, predictor="euler_maruyama"),
        case("subvp-rd", "subvpsde", 22, seed=11, constants={"beta_min": 0.2, "beta_max": 12.0}),
        case("subvp-rd-pf-discrete", "subvpsde", 22, seed=12, probability_flow=True, continuous=False),
        case("vp-ode-denoise", "vpsde", 1000, seed=13, ode={"rtol": 1e-6, "atol": 1e-6, "method": "RK45"}),
        case("ve-ode-denoise", "vesde", 100, seed=14, eps=1e-3, ode={"rtol": 1e-6, "atol": 1e-6, "method": "RK45"}),
        case("ve-ode-rk23", "vesde", 100, seed=15, eps=1e-3, denoise=False, ode={"rtol": 1e-5, "atol": 1e-5, "method": "RK23"}),
        case("subvp-ode-rk23-denoise", "subvpsde", 100, seed=16, ode={"rtol": 1e-5, "atol": 1e-5, "method": "RK23"}),
    ]


# SA-Solver -----------------------------------------------------------------------------------------------------------


def sa_solver(root):
    sys.path.insert(0, str(root))
    sys.modules["tqdm"] = types.SimpleNamespace(tqdm=lambda x: x)
    import sa_solver as module

    def case(number, seed, tau, threshold=None, kind="linear", guidance=None, prediction="noise", **options):
        o = {
            "mode": "few_steps",
            "tau": tau,
            "steps": 8,
            "skip_type": "time",
            "skip_order": 1,
            "predictor_order": 3,
            "corrector_order": 4,
            "pc_mode": "PEC",
            "algorithm_type": "data_prediction",
            "t_start": None,
            "t_end": None,
            **options,
        }
        if kind == "discrete":
            betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
            ns = module.NoiseScheduleVP("discrete", betas=betas, dtype=torch.float64)
            schedule = {"kind": "vp-discrete", "betas": "scaled_linear", "N": 1000, "beta_start": 0.00085, "beta_end": 0.012}
        else:
            ns = module.NoiseScheduleVP("linear", continuous_beta_0=0.1, continuous_beta_1=20.0)
            schedule = {"kind": "vp-linear-continuous", "beta_0": 0.1, "beta_1": 20.0}
        draws = Draws(seed)
        start = draws.start((3, 4))

        def net(x, t):
            t = t[:1]
            return eps(x, ns.marginal_alpha(t), ns.marginal_std(t))

        def level(t):
            args = tau["args"]
            return args[0] if tau["kind"] == "const" or args[1] <= float(t) <= args[2] else 0.0

        correct = {} if threshold is None else {
            "correcting_x0_fn": "dynamic_thresholding",
            "dynamic_thresholding_ratio": threshold["ratio"],
            "thresholding_max_val": threshold["max_val"],
        }
        solver = module.SASolver(net, ns, algorithm_type=o["algorithm_type"], **correct)
        torch.randn_like = draws.like
        kw = {key: o[key] for key in o if key not in ("tau", "algorithm_type")}
        grid = solver.get_time_steps(
            o["skip_type"], o["t_start"] or ns.T, o["t_end"] or 1 / ns.total_N, o["steps"], o["skip_order"], "cpu"
        )
        final, states = solver.sample(x=start, tau=level, return_intermediate=True, **kw)
        return entry(
            f"sasolver/further-{number}", f"sa_{o['mode']}", o, schedule, "noise", draws, start, states[1:], final,
            grid={"kind": "continuous t", "t": grid.reshape(-1)}, thresholding=threshold and {"kind": "dynamic", **threshold},
            rtol=1e-7, atol=1e-8,
        )

    const = lambda value: {"kind": "const", "args": [value]}
    noise, more = {"algorithm_type": "noise_prediction"}, {"mode": "more_steps"}
    return [
        case("noise", 0, const(1.0), **noise),
        case("noise-p2c2", 1, const(0.6), steps=10, skip_type="logSNR", predictor_order=2, corrector_order=2, **noise),
        case("noise-pece", 2, const(0.5), predictor_order=2, corrector_order=3, pc_mode="PECE", **noise),
        case("noise-p3c0", 3, const(0.3), corrector_order=0, **noise),
        case("more", 4, const(1.0), steps=10, **more),
        case("more-p2c2", 5, const(0.4), predictor_order=2, corrector_order=2, skip_type="logSNR", **more),
        case("more-pece", 6, const(0.8), predictor_order=3, corrector_order=3, pc_mode="PECE", **more),
        case("more-noise-window", 7, {"kind": "window", "args": [0.7, 0.2, 0.8]}, steps=9, kind="discrete", **more, **noise),
        case("more-p2c0-karras", 8, const(0.5), predictor_order=2, corrector_order=0, skip_type="karras", **more),
        case("p4c2", 9, const(0.5), steps=4, predictor_order=4, corrector_order=2),
        case("p1c4-window", 10, {"kind": "window", "args": [1.0, 0.1, 0.9]}, steps=7, predictor_order=1, skip_order=2),
        case("threshold", 11, const(0.5), threshold={"ratio": 0.9, "max_val": 0.8}),
        case("more-threshold", 12, const(0.5), threshold={"ratio": 0.9, "max_val": 0.8}, **more),
    ]


# diff-sampler --------------------------------------------------------------------------------------------------------


def diff_sampler(root):
    sys.path.insert(0, str(root / "diff-solvers-main"))
    import solver_utils
    import solvers

    def case(number, solver, seed, guidance=None, deis=None, **options):
        o = {
            "num_steps": 8,
            "sigma_min": 0.002,
            "sigma_max": 80,
            "schedule_type": "polynomial",
            "schedule_rho": 7,
            "afs": False,
            "denoise_to_zero": False,
            **options,
        }
        draws = Draws(seed)
        latents = draws.start(SHAPE)

        def net(x, sigma, class_labels=None):
            one = torch.tensor(1.0)
            sigma = sigma.reshape(-1)[0]
            a = x0(x, one, sigma)
            if guidance is None:
                return a
            b = x0(x, one, sigma, "B")
            return b + guidance * (a - b)

        grid = solver_utils.get_schedule(
            o["num_steps"], o["sigma_min"], o["sigma_max"], "cpu", o["schedule_type"], o["schedule_rho"]
        )
        extra = {}
        if deis:
            order = o["max_order"] - (1 if deis == "rhoab" else 0)
            extra["coeff_list"] = solver_utils.get_deis_coeff_list(grid, order, deis_mode=deis)
        states = getattr(solvers, solver)(net, latents, return_inters=True, **o, **extra)
        name = f"deis_sampler_{deis}" if deis else solver
        recorded = {"deis_coefficients": extra["coeff_list"]} if deis else {}
        return entry(
            f"diffsampler/further-{number}", name, {**o, **({"deis_mode": deis} if deis else {})},
            {key: o[key] for key in ("sigma_min", "sigma_max", "schedule_type", "schedule_rho")}, "denoiser D(x,sigma)",
            draws, latents * grid[0], list(states[1:]), states[-1], grid={"kind": "edm_sigma", "sigma": grid},
            guidance=guidance and {"kind": "cfg on denoiser", "scale": guidance, "cond_model": "A", "uncond_model": "B"},
            rtol=1e-8, atol=1e-9, **recorded,
        )

    uniform, log = {"schedule_type": "time_uniform", "schedule_rho": 1}, {"schedule_type": "logsnr"}
    zero, first = {"denoise_to_zero": True}, {"afs": True}
    return [
        case("euler", "euler_sampler", 0),
        case("euler-afs-zero", "euler_sampler", 1, guidance=2.0, **uniform, **first, **zero),
        case("heun", "heun_sampler", 2, **log),
        case("heun-afs-zero", "heun_sampler", 3, **first, **zero),
        case("dpm2", "dpm_2_sampler", 4),
        case("dpm2-r", "dpm_2_sampler", 5, r=0.3, **uniform, **first),
        case("dpm2-zero", "dpm_2_sampler", 6, r=0.7, **zero),
        case("ipndm3-zero", "ipndm_sampler", 7, max_order=3, **zero),
        *(case(f"ipndm_v{k}", "ipndm_v_sampler", 8 + k, max_order=k) for k in (2, 3, 4)),
        case("ipndm_v4-afs", "ipndm_v_sampler", 13, max_order=4, **uniform, **first, **zero),
        case("deis-tab3-afs-zero", "deis_sampler", 14, deis="tab", max_order=3, **log, **first, **zero),
        case("deis-rhoab3", "deis_sampler", 15, deis="rhoab", max_order=3, **uniform),
        *(case(f"dpmpp{k}", "dpm_pp_sampler", 16 + k, max_order=k, predict_x0=True, lower_order_final=True) for k in (1, 2, 3)),
        case("dpmpp3-high", "dpm_pp_sampler", 20, max_order=3, predict_x0=True, lower_order_final=False, **log),
        case("dpmpp3-afs-zero", "dpm_pp_sampler", 21, max_order=3, predict_x0=True, lower_order_final=True, **first, **zero),
        case("dpm3-eps", "dpm_pp_sampler", 22, max_order=3, predict_x0=False, lower_order_final=True, **uniform),
        case("dpm2-eps-afs", "dpm_pp_sampler", 23, max_order=2, predict_x0=False, lower_order_final=False, **first),
        case("dpmpp3-short", "dpm_pp_sampler", 24, num_steps=3, max_order=3, predict_x0=True, lower_order_final=True),
        *(
            case(f"unipc{k}-{variant}", "unipc_sampler", 25 + k, max_order=k, variant=variant, predict_x0=True, lower_order_final=True)
            for k in (1, 2, 3)
            for variant in ("bh1", "bh2")
        ),
        case("unipc3-eps", "unipc_sampler", 30, max_order=3, variant="bh2", predict_x0=False, lower_order_final=True, **log),
        case("unipc2-high-afs", "unipc_sampler", 31, max_order=2, variant="bh1", predict_x0=True, lower_order_final=False, **first),
        case("unipc3-eps-zero", "unipc_sampler", 32, max_order=3, variant="bh1", predict_x0=False, lower_order_final=False, **zero),
        case("unipc3-short", "unipc_sampler", 33, num_steps=3, max_order=3, variant="bh2", predict_x0=True, lower_order_final=True),
    ]


# guided-diffusion ----------------------------------------------------------------------------------------------------


def guided_diffusion(root):
    package("guided_diffusion", root / "guided_diffusion")
    gd = importlib.import_module("guided_diffusion.gaussian_diffusion")
    respace = importlib.import_module("guided_diffusion.respace")
    means = {"eps": gd.ModelMeanType.EPSILON, "x0": gd.ModelMeanType.START_X, "prev_x": gd.ModelMeanType.PREVIOUS_X}
    variances = {
        "fixed_small": gd.ModelVarType.FIXED_SMALL,
        "fixed_large": gd.ModelVarType.FIXED_LARGE,
        "learned": gd.ModelVarType.LEARNED,
        "learned_range": gd.ModelVarType.LEARNED_RANGE,
    }

    def case(number, solver, seed, betas="linear", scale=None, **options):
        o = {
            "timestep_respacing": "8",
            "mean_type": "eps",
            "var_type": "fixed_small",
            "eta": 0.0,
            "clip_denoised": False,
            **options,
        }
        value = o.get("learned_range_v", o.get("learned_v"))
        kept = sorted(respace.space_timesteps(1000, o["timestep_respacing"]))
        base = gd.get_named_beta_schedule(betas, 1000)
        bar = np.cumprod(1 - base)
        diffusion = respace.SpacedDiffusion(
            kept, betas=base, model_mean_type=means[o["mean_type"]], model_var_type=variances[o["var_type"]],
            loss_type=gd.LossType.MSE,
        )
        draws = Draws(seed)
        start = draws.start(SHAPE)
        level = lambda t: (torch.tensor(bar[int(t)] ** 0.5), torch.tensor((1 - bar[int(t)]) ** 0.5))

        def model(x, t, **_):
            alpha, sigma = level(t[0])
            if o["mean_type"] == "prev_x":
                i = kept.index(int(t[0]))
                mean = diffusion.posterior_mean_coef1[i] * x0(x, alpha, sigma) + diffusion.posterior_mean_coef2[i] * x
            else:
                mean = {"eps": eps, "x0": x0}[o["mean_type"]](x, alpha, sigma)
            return mean if value is None else torch.cat([mean, torch.full_like(x, value)], 1)

        def gradient(x, t, **_):
            alpha, sigma = level(t[0])
            return scale * (eps(x, alpha, sigma, "B") - eps(x, alpha, sigma, "A")) / sigma

        torch.randn_like = draws.like
        kw = {"clip_denoised": o["clip_denoised"], "cond_fn": gradient if scale else None, "model_kwargs": {}, "device": "cpu"}
        run = diffusion.p_sample_loop_progressive if solver == "p_sample" else diffusion.ddim_sample_loop_progressive
        if solver == "ddim":
            kw["eta"] = o["eta"]
        states = [out["sample"] for out in run(model, SHAPE, noise=start, **kw)]
        return entry(
            f"guided/further-{number}", solver, o, {"kind": "ddpm-discrete", "beta_schedule": betas, "T": 1000},
            {"eps": "epsilon", "x0": "x_start", "prev_x": "previous x"}[o["mean_type"]], draws, start, states, states[-1],
            grid={"kind": "spaced original indices, ascending", "t": kept},
            guidance=scale
            and {"kind": "cond_fn gradient = cond*(score_A - score_B)", "scale": scale, "cond_model": "A", "uncond_model": "B"},
        )

    learned = {"var_type": "learned", "learned_v": -3.0}
    ranged = {"var_type": "learned_range", "learned_range_v": -0.4}
    large = {"var_type": "fixed_large"}
    return [
        case("learned", "p_sample", 0, **learned),
        case("learned-clip-cosine", "p_sample", 1, "cosine", mean_type="x0", clip_denoised=True, **learned),
        case("prev-x", "p_sample", 2, mean_type="prev_x"),
        case("prev-x-clip-large", "p_sample", 3, mean_type="prev_x", clip_denoised=True, **large),
        case("prev-x-ddim-clip", "ddim", 4, mean_type="prev_x", clip_denoised=True, timestep_respacing="ddim10", eta=0.4),
        case("cond-large", "p_sample", 5, scale=1.5, **large),
        case("cond-learned", "p_sample", 6, scale=1.5, **learned),
        case("cond-range-clip", "p_sample", 7, scale=0.7, clip_denoised=True, **ranged),
        case("cond-small-sections", "p_sample", 8, scale=1.2, timestep_respacing="4,3,2"),
        case("cond-prev-x-large", "p_sample", 9, scale=1.0, mean_type="prev_x", **large),
        case("cond-ddim-eta", "ddim", 10, scale=1.5, timestep_respacing="ddim8", eta=0.6),
        case("cond-ddim-clip", "ddim", 11, "cosine", scale=1.5, timestep_respacing="ddim8", clip_denoised=True),
        case("range-cosine", "p_sample", 12, "cosine", timestep_respacing="6", **ranged),
    ]


# EDM -----------------------------------------------------------------------------------------------------------------


def functions(path, names, scope):
    """Definitions of a file by name, without running its imports."""
    tree = ast.parse(path.read_text())
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name in names]
    for node in found:
        node.decorator_list = []
    exec(compile(ast.Module(found, []), str(path), "exec"), scope)
    return scope


def edm(root):
    scope = functions(root / "generate.py", ["edm_sampler", "ablation_sampler"], {"np": np, "torch": torch})
    rounding = None
    tree = ast.parse((root / "training" / "networks.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == "iDDPMPrecond":
            method = next(item for item in node.body if getattr(item, "name", "") == "round_sigma")
            held = {"torch": torch}
            exec(compile(ast.Module([method], []), "networks.py", "exec"), held)
            rounding = held["round_sigma"]

    def table(M, c1, c2):
        bar = lambda j: torch.tensor(math.sin(0.5 * math.pi * j / M / (c2 + 1)) ** 2)
        u = torch.zeros(M + 1)
        for j in range(M, 0, -1):
            u[j - 1] = ((u[j] ** 2 + 1) / (bar(j - 1) / bar(j)).clip(min=c1) - 1).sqrt()
        return u

    class Net:
        def __init__(self, low=0.0, high=float("inf"), u=None):
            self.sigma_min, self.sigma_max, self.u = low, high, u

        def round_sigma(self, sigma):
            return torch.as_tensor(sigma) if self.u is None else rounding(self, sigma)

        def __call__(self, x, sigma, class_labels=None):
            return x0(x, torch.tensor(1.0), torch.as_tensor(sigma))

    def case(number, sampler, seed, net=None, **options):
        o = {"num_steps": 8, "rho": 7, "S_churn": 0, "S_min": 0, "S_max": float("inf"), "S_noise": 1}
        if sampler == "edm_sampler":
            o = {**o, "sigma_min": 0.002, "sigma_max": 80, **options}
        else:
            o = {
                **o, "sigma_min": None, "sigma_max": None, "solver": "heun", "discretization": "edm", "schedule": "linear",
                "scaling": "none", "epsilon_s": 1e-3, "C_1": 0.001, "C_2": 0.008, "M": 1000, "alpha": 1, **options,
            }
        schedule = {"kind": "edm", "net_sigma_min": 0.0, "net_sigma_max": float("inf"), "round_sigma": "identity", **(net or {})}
        iddpm = schedule["round_sigma"] == "iddpm"
        if iddpm:
            schedule = {**schedule, "M": 1000, "C_1": 0.001, "C_2": 0.008}
        network = Net(schedule["net_sigma_min"], schedule["net_sigma_max"], table(1000, 0.001, 0.008) if iddpm else None)
        draws = Draws(seed)
        latents = draws.start((3, 4))
        start = first_state(scope[sampler], network, latents, o)
        final = scope[sampler](network, latents, randn_like=draws.like, **o)
        if o["S_churn"] == 0:
            draws.kept = []
        return entry(f"edm/further-{number}", sampler, o, schedule, "denoiser D(x,sigma)", draws, start, [], final)

    def first_state(run, network, latents, o):
        """The scaled noise, which is what the first call sees when there is no churn."""

        class Stop(Exception):
            pass

        class Probe(Net):
            def __call__(self, x, sigma, class_labels=None):
                raise Stop(x, sigma)

        try:
            run(Probe(network.sigma_min, network.sigma_max, network.u), latents, **{**o, "S_churn": 0})
        except Stop as stop:
            x, sigma = stop.args
        return x / (1 + sigma**2).sqrt() if o.get("scaling") == "vp" else x

    vp_net = {"net_sigma_min": 0.00316, "net_sigma_max": 152.0}
    ve_net = {"net_sigma_min": 0.02, "net_sigma_max": 100.0}
    iddpm = {"net_sigma_min": 0.0064, "net_sigma_max": 20291.0, "round_sigma": "iddpm"}
    churn = {"S_churn": 5.0, "S_min": 0.05, "S_max": 50.0, "S_noise": 1.003}
    vp = {"discretization": "vp", "schedule": "vp", "scaling": "vp"}
    ve = {"discretization": "ve", "schedule": "ve"}
    return [
        case("ve-net", "edm_sampler", 0, ve_net),
        case("ve-net-high", "edm_sampler", 1, ve_net, sigma_max=200, sigma_min=0.001, **churn),
        case("iddpm-net", "edm_sampler", 2, iddpm),
        case("iddpm-net-churn", "edm_sampler", 3, iddpm, **churn),
        case("ablation-vp-net", "ablation_sampler", 4, vp_net, sigma_min=0.002, sigma_max=200, **vp),
        case("ablation-ve-net-churn", "ablation_sampler", 5, ve_net, **ve, **churn),
        case("ablation-iddpm-net", "ablation_sampler", 6, iddpm, discretization="iddpm"),
        case("ablation-iddpm-net-edm-churn", "ablation_sampler", 7, iddpm, alpha=2 / 3, **churn),
        case("ablation-iddpm-net-vp", "ablation_sampler", 8, iddpm, schedule="vp", scaling="vp", **churn),
        case("ablation-edm-vp-none", "ablation_sampler", 9, schedule="vp", solver="euler"),
        case("ablation-iddpm-ve-none", "ablation_sampler", 10, discretization="iddpm", schedule="ve", alpha=0.5),
        case("ablation-vp-linear-vp", "ablation_sampler", 11, discretization="vp", scaling="vp", epsilon_s=0.01),
        case("ablation-ve-linear", "ablation_sampler", 12, discretization="ve", **churn),
    ]


# k-diffusion ---------------------------------------------------------------------------------------------------------


def k_diffusion(root):
    names = ["sample_dpm_2_ancestral", "get_ancestral_step", "to_d", "append_zero", "get_sigmas_polyexponential"]
    scope = {"torch": torch, "math": math, "trange": lambda n, disable=None: range(n)}
    scope["utils"] = types.SimpleNamespace(append_dims=lambda x, n: x.reshape(x.shape + (1,) * (n - x.dim())))
    functions(root / "k_diffusion" / "sampling.py", names, scope)

    def case(number, seed, n, rho=1.0, low=0.03, high=10.0, **options):
        sigmas = scope["get_sigmas_polyexponential"](n, low, high, rho)
        draws = Draws(seed)
        start = sigmas[0] * draws.start((3, 4))
        model = lambda x, sigma: x0(x, torch.tensor(1.0), sigma[0])
        given = {"noise_sampler": lambda *_: draws.like(start), **options}
        final = scope["sample_dpm_2_ancestral"](model, start, sigmas, **given)
        schedule = {"kind": "polyexponential", "rho": rho, "n": n, "append_zero": True, "sigma_min": low, "sigma_max": high}
        name, grid = f"kdiffusion/further-{number}", {"kind": "edm_sigma", "sigma": sigmas}
        kind = "denoiser D(x,sigma)=E[x0|x], alpha=1"
        return entry(name, "dpm_2_ancestral", options, schedule, kind, draws, start, [], final, grid=grid)

    return [
        case("dpm-2-ancestral", 0, 8, eta=1.0, s_noise=1.0),
        case("dpm-2-ancestral-half", 1, 6, eta=0.5, s_noise=1.1),
        case("dpm-2-ancestral-some-steps-to-clean", 2, 10, rho=2.0, eta=1.25),
        case("dpm-2-ancestral-all-steps-to-clean", 3, 5, eta=2.0),
    ]


def main():
    sources, out = Path(sys.argv[1]), Path(sys.argv[2])
    for name, repo, commit, record in [
        ("kdiffusion-further.json", "crowsonkb/k-diffusion", "4601bf085320592473f681a62808ed873d17fad5", k_diffusion),
        ("edm-further.json", "NVlabs/edm", "008a4e5316c8e3bfe61a62f874bddba254295afb", edm),
        ("score-sde-further.json", "yang-song/score_sde_pytorch", "cb1f359f4aadf0ff9a5e122fe8fffc9451fd6e44", score_sde),
        ("sa-solver-further.json", "scxue/SA-Solver", "876f3dd81b8687c6dc8cb92941feb15e71ac9420", sa_solver),
        ("diff-sampler-further.json", "zju-pi/diff-sampler", "68d5ce427f261962b89ce3b0ee8f6b29f0577328", diff_sampler),
        ("guided-diffusion-further.json", "openai/guided-diffusion", "22e0df8183507e13a7813f8d38d51b072ca1e67c", guided_diffusion),
    ]:
        write(out, name, repo, commit, record(sources / repo.replace("/", "+")))


if __name__ == "__main__":
    main()
