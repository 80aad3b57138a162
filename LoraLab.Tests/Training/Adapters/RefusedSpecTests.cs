using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using Xunit;

namespace LoraLab.Tests.Training.Adapters;

/// <summary>Values and targets that every method rejects.</summary>
public sealed class RefusedSpecTests
{
    public static TheoryData<string> Methods => MethodBatteryTests.Adapters;

    [Theory]
    [MemberData(nameof(Methods))]
    public void Validate_RankZero_IsRefused(string method) => AssertRefused(method, "rank", 0, "rank");

    [Theory]
    [MemberData(nameof(Methods))]
    public void Validate_AlphaZero_IsRefused(string method) => AssertRefused(method, "alpha", 0, "alpha");

    [Theory]
    [MemberData(nameof(Methods))]
    public void Validate_TargetThatMatchesNothing_IsRefusedByName(string method) =>
        AssertRefused(method, "targetModules", new JsonArray("q_proj", "c_attn"), "'c_attn' matches no linear layer");

    [Theory]
    [MemberData(nameof(Methods))]
    public void Validate_FieldThatMeansNothing_IsRefusedUnlessItHasItsDefault(string method)
    {
        Dictionary<string, JsonNode> values = new()
        {
            ["rank"] = 3,
            ["alpha"] = 3,
            ["rankStabilized"] = true,
            ["dropout"] = 0.1,
            ["rankPattern"] = new JsonObject { ["q_proj"] = 2 },
            ["alphaPattern"] = new JsonObject { ["q_proj"] = 2 },
            ["layersToTransform"] = new JsonArray(0),
            ["excludeModules"] = new JsonArray("q_proj"),
        };
        foreach (string field in LoraMethods.Find(method)!.Descriptor.UnusedFields)
        {
            AssertRefused(method, field, values[field].DeepClone(), $"{field} means nothing to {method}; omit it.");
        }

        using TestTrainer trainer = new();
        Assert.Empty(trainer.Services.Validator.Validate(SpecFieldCatalog.ToJson(
            trainer.Services.Validator.Validate(MicroSpec.For(method)).Spec!)).Errors);
    }

    [Theory]
    [InlineData("ia3", "feedforwardModules", """["up_proj"]""", "'up_proj' is not among the layers")]
    [InlineData("ia3", "feedforwardModules", "3", "methodOptions.feedforwardModules must be a list of names.")]
    [InlineData("lokr", "decomposeFactor", "0", "methodOptions.decomposeFactor must be -1 or at least 1; it is 0.")]
    [InlineData("vera", "dInitial", "0", "methodOptions.dInitial must be from 1E-12 to 10; it is 0.")]
    [InlineData("loha", "decomposeBoth", "true", "'methodOptions.decomposeBoth' is not a known key")]
    public void Validate_BadOption_IsRefused(string method, string option, string value, string part)
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For(method);
        spec["methodOptions"] = new JsonObject { [option] = JsonNode.Parse(value) };

        FieldError error = Assert.Single(trainer.Services.Validator.Validate(spec).Errors);

        Assert.Equal("methodOptions." + option, error.Field);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pissa")]
    [InlineData("lora-xs")]
    public void Validate_RankAboveTheSmallerSide_IsRejectedAndTheSideItselfIsAccepted(string method)
    {
        using TestTrainer trainer = new(fixtures: true);
        JsonObject spec = MicroSpec.For(method);
        // The value projection is 32×64: four key-value heads of eight.
        (spec["model"], spec["rank"], spec["targetModules"]) = ("stories260K", 33, new JsonArray("q_proj", "v_proj"));

        FieldError error = Assert.Single(trainer.Services.Validator.Validate(spec).Errors);
        Assert.Equal("rank", error.Field);
        Assert.Contains("v_proj (32×64)", error.Message, StringComparison.Ordinal);

        spec["rank"] = 32;
        SpecValidation validation = trainer.Services.Validator.Validate(spec);
        Assert.Empty(validation.Errors);
        Assert.Contains(validation.Warnings, warning => warning.Contains("hardly low-rank", StringComparison.Ordinal));
    }

    [Fact]
    public void Validate_DropoutWithPissa_Warns()
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("pissa");
        spec["dropout"] = 0.1;

        SpecValidation validation = trainer.Services.Validator.Validate(spec);

        Assert.Empty(validation.Errors);
        Assert.Contains(validation.Warnings, warning => warning.Contains("dropout with pissa", StringComparison.Ordinal));
    }

    private static void AssertRefused(string method, string field, JsonNode value, string part)
    {
        Assert.NotNull(LoraMethods.Find(method));
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For(method);
        spec[field] = value;

        FieldError error = Assert.Single(trainer.Services.Validator.Validate(spec).Errors);

        Assert.Equal(field, error.Field);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }
}
