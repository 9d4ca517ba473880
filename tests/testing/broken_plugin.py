"""A plugin of one good component of each kind, and of one that breaks each promise.

Each broken one is an honest mistake, and breaks no other promise.
"""

from __future__ import annotations

import re

import ganzoo

GOOD = {
    "architecture": [
        "Good",
        "GoodSpectralNorm",
        "GoodUnconditional",
        "GoodConditionalOnly",
        "GoodOfVectors",
        "GoodOfPictures",
        "GoodStyle",
    ],
    "loss": ["Good", "GoodWithLogits", "GoodMovingAverage", "GoodWithImages", "GoodRefiner"],
    "penalty": [
        "Good",
        "GoodOnGenerator",
        "GoodWithoutGradients",
        "GoodAtRandom",
        "GoodMovingAverage",
        "GoodAnchored",
        "GoodFrozenWeights",
        "GoodOneSided",
    ],
    "augmentation": ["Good", "GoodConstant", "GoodAdaptive"],
    "constraint": ["Good", "GoodWrapper", "GoodPenalty"],
    "dataset": ["Good", "GoodPoints", "GoodPairs", "GoodAttributes"],
    "observer": ["Good", "GoodIdle", "GoodMeasure", "GoodTable"],
    "metric": ["Good", "GoodOfFeatures", "GoodOfPoints"],
    "extractor": ["Good", "GoodOfColours", "GoodWithMaps", "GoodClassifier", "GoodWithoutWeights"],
}

BROKEN = {
    "architecture": {
        "BuildsSquaresOnly": "shapes",
        "IgnoresChannels": "shapes",
        "NamesSizesItRefuses": "natural_size_is_built",
        "ScoresInDouble": "dtype",
        "WithoutTanh": "images_in_range",
        "SqueezesTheBatch": "any_batch_size",
        "DeafGenerator": "labels_change_the_images",
        "DeafDiscriminator": "labels_change_the_scores",
        "BlindGenerator": "labels_change_the_images",
        "BlindDiscriminator": "labels_change_the_scores",
        "NamesVectorsItRefuses": "conditions_are_built",
        "LogitsPeekAtLabels": "class_logits",
        "NoLogits": "class_logits",
        "NumpyInitialization": "deterministic",
        "BatchNormDespiteAll": "no_dependence_across_samples",
        "BatchNormBehindAGate": "no_dependence_across_samples",
        "MinibatchDeviation": "no_dependence_across_samples",
        "UnusedLayer": "gradient_reaches_every_parameter",
        "EndsInSigmoid": "scores_are_unbounded",
        "EndsInTanh": "scores_are_unbounded",
        "EndsInSoftplus": "scores_are_unbounded",
        "LatentOfItsOwnMind": "latent",
        "UnknownSetting": "training_settings",
        "ConstraintThatIsNotThere": "default_constraints_exist",
        "HiddenTensor": "state_dict_round_trip",
        "TiedWeights": "state_dict_round_trip",
        "RemembersFeatures": "deep_copies",
        "LambdaOfItself": "deep_copies",
        "OnceDifferentiable": "double_backward",
        "DetachedBackward": "double_backward",
        "MixesDtypes": "bfloat16_autocast",
        "ViewsFeatures": "channels_last",
        "OtherwiseCompiled": "torch_compile",
    },
    "loss": {
        "OfNoInterface": "made_from_options",
        "SilentOption": "options_explained",
        "HeavyOptions": "described_without_torch",
        "OneTermAnImage": "scalar_terms",
        "LogarithmOfSigmoid": "finite_at_extreme_scores",
        "RealsAndFakesExchanged": "discriminator_parts_real_from_fake",
        "GeneratorOnTheOtherSide": "generator_raises_its_fakes",
        "EveryOutputIsAScore": "works_with_what_it_demands",
        "UnusedLogits": "class_logits_are_used",
        "TrainsTheDiscriminator": "no_gradient_into_the_wrong_network",
        "KeepsFakes": "no_gradient_into_the_wrong_network",
        "CallsBackward": "no_gradient_into_the_wrong_network",
        "MovesByTheMeanScore": "refined_z_is_each_images_own",
        "MovesAtRandom": "refined_z_is_each_images_own",
        "MeanInAnAttribute": "state_round_trip",
        "CountsImages": "state_of_micro_batches",
        "LearnedMargin": "parameters_are_trained",
        "PenaltyThatIsNotThere": "default_penalties_exist",
        "SettingOutOfRange": "training_settings",
    },
    "penalty": {
        "WithoutWeight": "made_from_options",
        "OneNumberAnImage": "scalar",
        "Reward": "non_negative",
        "NormOfEachPixel": "zero_where_declared",
        "SumOverTheBatch": "per_sample",
        "NormOfTheBatch": "per_sample",
        "DeviationOfTheBatch": "per_sample",
        "OneEpsilonForAll": "randomness_is_each_images_own",
        "DemandsNothing": "forbids_batch_statistics",
        "WithoutGraph": "differentiable_twice",
        "DetachedNorm": "differentiable_twice",
        "BareSquareRoot": "finite_at_zero_gradient",
        "DifferenceQuotient": "bfloat16_autocast",
        "NearNumbers": "tolerance_of_bfloat16",
        "MeanInAnAttribute": "state_round_trip",
        "MeanThatIsNotSaved": "state_round_trip",
        "LargestScore": "state_of_micro_batches",
        "LearnedTarget": "parameters_are_trained",
    },
    "dataset": {
        "Empty": "length",
        "Triples": "length",
        "Shuffled": "stable_order",
        "OtherFingerprints": "stable_order",
        "LabelsFromOne": "labels_in_range",
        "LabelsAsText": "labels_in_range",
        "LabelsForPictures": "conditions_as_specified",
        "ColouredPictures": "conditions_as_specified",
        "SmallerPictures": "conditions_as_specified",
        "OneAttributeMore": "conditions_as_specified",
        "UnknownAttributes": "conditions_as_specified",
        "OneNameForTwo": "class_names",
        "HoldsALambda": "picklable",
        "GreyBySpec": "honest_spec",
        "FloatingPoint": "honest_spec",
        "PointsOfAnotherShape": "honest_spec",
        "AnySplit": "unknown_split",
        "FileNotFound": "clear_errors",
        "ReadsWhenMade": "clear_errors",
        "FloatingPicture": "rendering",
    },
    "observer": {
        "FirstSessionOnly": "takes_every_event",
        "ClipsWeights": "leaves_the_training_alone",
        "SkipsSteps": "leaves_the_training_alone",
        "ShiftsColumns": "lines_with_other_names",
        "FillsColumnsFromTheLeft": "lines_with_other_names",
        "KnowsItsNames": "lines_with_other_names",
        "NamesTheStep": "measures_the_same_names",
        "AveragesItsMeasurements": "measures_the_same_when_resumed",
        "WritesIntoTheWorkingDirectory": "keeps_to_its_place",
        "RewritesTheLog": "keeps_to_its_place",
    },
}
BROKEN |= {
    "augmentation": {
        "CropsTheBorder": "keeps_the_shape",
        "ComputesInSingle": "keeps_the_shape",
        "ContrastOfTheBatch": "each_image_by_itself",
        "OneDrawForAll": "randomness_is_each_images_own",
        "ShufflesTheDraws": "micro_batches",
        "Posterizes": "differentiable",
        "OnceDifferentiable": "differentiable_twice",
        "StrengthInAnAttribute": "state_round_trip",
        "LearnedStrength": "parameters_are_trained",
        "LogsANumber": "logs_scalars",
    },
    "constraint": {
        "WrapsFrozenLayers": "leaves_frozen_parts_alone",
        "ClampsFrozenLayers": "leaves_frozen_parts_alone",
        "RemembersANorm": "state_round_trip",
        "PinsTheWeights": "deep_copies",
        "SettlesTheOriginal": "settling_changes_the_copy_alone",
        "Shrinks": "after_update_is_idempotent",
        "ARewardForLargeWeights": "penalty_is_a_scalar",
        "DoesNothing": "constrains_something",
    },
    "metric": {
        "MissesAScore": "gives_its_scores",
        "DrawsFromTorch": "follows_from_its_seed",
        "CentresInPlace": "leaves_the_images_alone",
        "SaysNothing": "says_what_it_is_blind_to",
        "ReadsLabelsUnasked": "asks_for_what_it_reads",
    },
    "extractor": {
        "HalfPrecision": "features_of_each_image",
        "NormOfTheBatch": "each_image_alone",
        "NewFingerprint": "fingerprint_and_resizing",
        "BrightensInPlace": "leaves_the_images_alone",
        "RoundsItsMaps": "maps_are_differentiable",
        "MapsFromCoarseToFine": "maps_are_differentiable",
    },
}
"""The check that each is to be caught by, by kind and class."""

OPTIONS = {
    "SilentOption": "testing.broken_options:SilentOptions",
    "HeavyOptions": "testing.broken_losses:OptionsBesideTorch",
    "FileNotFound": "testing.broken_options:PathOptions",
    "ReadsWhenMade": "testing.broken_options:PathOptions",
    "GoodPoints": "testing.broken_options:PathOptions",
}
MODULES = {
    "architecture": "testing.broken_architectures",
    "loss": "testing.broken_losses",
    "penalty": "testing.broken_penalties",
    "augmentation": "testing.broken_augmentations",
    "constraint": "testing.broken_constraints",
    "dataset": "testing.broken_datasets",
    "observer": "testing.broken_observers",
    "metric": "testing.broken_metrics",
    "extractor": "testing.broken_extractors",
}


def component_name(class_name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", class_name).lower()


def describe(kind: str, spec: type[ganzoo.LossSpec]):
    for name in [*GOOD[kind], *BROKEN[kind]]:
        options = OPTIONS.get(name, "")
        if kind == "penalty":
            what = "NoOptions" if name == "WithoutWeight" else "PenaltyOptions"
            options = f"ganzoo.interfaces.options:{what}"
        if kind == "constraint":
            options = "ganzoo.interfaces.options:ConstraintOptions"
        yield spec(
            name=component_name(name),
            factory=f"{MODULES[kind]}:{name}",
            options=options,
            summary=f"{name}.",
        )


@ganzoo.hookimpl
def ganzoo_architectures():
    return describe("architecture", ganzoo.ArchitectureSpec)


@ganzoo.hookimpl
def ganzoo_losses():
    return describe("loss", ganzoo.LossSpec)


@ganzoo.hookimpl
def ganzoo_penalties():
    return describe("penalty", ganzoo.PenaltySpec)


@ganzoo.hookimpl
def ganzoo_augmentations():
    return describe("augmentation", ganzoo.AugmentationSpec)


@ganzoo.hookimpl
def ganzoo_constraints():
    return describe("constraint", ganzoo.ConstraintSpec)


@ganzoo.hookimpl
def ganzoo_datasets():
    return describe("dataset", ganzoo.DatasetSpec)


@ganzoo.hookimpl
def ganzoo_observers():
    return describe("observer", ganzoo.ObserverSpec)


@ganzoo.hookimpl
def ganzoo_metrics():
    return describe("metric", ganzoo.MetricSpec)


@ganzoo.hookimpl
def ganzoo_extractors():
    return describe("extractor", ganzoo.ExtractorSpec)
