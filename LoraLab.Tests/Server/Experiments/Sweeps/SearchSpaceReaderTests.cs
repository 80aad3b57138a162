using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Experiments.Sweeps.Space;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Sweeps;

/// <summary>Reading of search spaces, and the errors of invalid ones.</summary>
public sealed class SearchSpaceReaderTests
{
    public static TheoryData<string, string, string> Wrong => new()
    {
        { """{"space":[]}""", "space", "name at least one field" },
        { """{"space":[{"field":"learningrate","values":[1]}]}""", "space[0].field", "'learningrate' is not a field" },
        { """{"space":[{"field":"methodOptions.lrRatio","values":[1]}]}""", "space[0].field",
            "not an option of lora; its options are init" },
        { """{"space":[{"field":"methodOptions","values":[{}]}]}""", "space[0].field", "search an option" },
        { """{"space":[{"field":"evalSplit","values":["dev"]}]}""", "space[0].field", "selection in every run" },
        { """{"space":[{"field":"name","values":["a"]}]}""", "space[0].field", "has no effect on its results" },
        { """{"space":[{"field":"rank","values":[]}]}""", "space[0].values", "no values" },
        { """{"space":[{"field":"rank"}]}""", "space[0].values", "no values" },
        { """{"space":[{"field":"rank","values":[4,"eight"]}]}""", "space[0].values", "rank must be an integer; value 2 is \"eight\"" },
        { """{"space":[{"field":"rank","values":[4.5]}]}""", "space[0].values", "must be an integer" },
        { """{"space":[{"field":"rank","values":[null]}]}""", "space[0].values", "must be an integer; value 1 is null" },
        { """{"space":[{"field":"rank","values":[4,8,4]}]}""", "space[0].values", "lists the value 4 twice" },
        { """{"space":[{"field":"schedule","values":["square"]}]}""", "space[0].values", "one of linear, constant, cosine" },
        { """{"space":[{"field":"methodOptions.init","values":["swapped"]}]}""", "space[0].values", "one of kaiming, gaussian" },
        { """{"space":[{"field":"rank","low":4,"high":8,"values":[1]}]}""", "space[0]", "a choice" },
        { """{"space":[{"field":"rank","range":"uniform","low":4,"high":8,"steps":2}]}""", "space[0].range", "set range to integer" },
        { """{"space":[{"field":"schedule","range":"uniform","low":4,"high":8}]}""", "space[0].range", "list its values as a choice" },
        { """{"space":[{"field":"alpha","range":"uniform","low":8,"steps":2}]}""", "space[0]", "set low and high" },
        { """{"space":[{"field":"alpha","range":"uniform","low":9,"high":8,"steps":2}]}""", "space[0].low", "low 9 above high 8" },
        { """{"space":[{"field":"alpha","range":"logUniform","low":0,"high":8,"steps":2}]}""", "space[0].low", "above 0" },
        { """{"space":[{"field":"alpha","range":"uniform","low":1,"high":8}]}""", "space[0].steps", "set steps" },
        { """{"space":[{"field":"rank","range":"integer","low":1.5,"high":8}]}""", "space[0]", "must be integers" },
        { """{"space":[{"field":"alpha","range":"uniform","low":-1e308,"high":1e308,"steps":2}]}""", "space[0]", "too wide" },
        { """{"spec":{"method":5},"space":[{"field":"methodOptions.lrRatio","values":[2]}]}""", "space[0].field",
            "spec has no valid method" },
        { """{"space":[{"field":"rank","values":[4]},{"field":"rank","values":[8]}]}""", "space", "rank is in space 2 times" },
        { """{"space":[{"field":"rank","values":[4]}],"constraints":["rank >"]}""", "constraints[0]", "at character 7" },
        { """{"space":[{"field":"rank","values":[4]}],"constraints":["alpha > 2"]}""", "constraints[0]", "no searched field" },
        { """{"space":[{"field":"rank","values":[4]}],"constraints":["rank > learningRateB"]}""", "constraints[0]",
            "has no number in spec" },
        { """{"space":[{"field":"rank","values":[4]}],"constraints":["rank > ranks"]}""", "constraints[0]",
            "no such field; the searched fields are rank" },
        { """{"space":[{"field":"schedule","values":["linear"]}],"constraints":["schedule > 1"]}""", "constraints[0]",
            "none of its values is a number" },
    };

    [Fact]
    public void Grid_RangesAndChoices_AreDividedOnTheirOwnScale()
    {
        SearchSpace space = Spaces.Of(new SweepPlan
        {
            Space =
            [
                Spaces.Log("learningRate", 1e-5, 1e-3, 3),
                Spaces.Linear("dropout", 0, 0.2, 3),
                Spaces.Whole("rank", 4, 6),
                Spaces.Choice("schedule", "linear", "cosine"),
            ],
        });

        Assert.Equal([1e-5, 1e-4, 1e-3], space.Dimensions[0].GridValues());
        Assert.Equal([0, 0.1, 0.2], space.Dimensions[1].GridValues());
        Assert.Equal([4, 5, 6], space.Dimensions[2].GridValues());
        Assert.Equal(3 * 3 * 3 * 2, GridPoints.Of(space).Count());
        Assert.Equal("""{"learningRate":1E-05,"dropout":0,"rank":4,"schedule":"cosine"}""", space.Values([1e-5, 0, 4, 1]).ToJsonString());
    }

    [Fact]
    public void Grid_WithConstraints_HasExactlyWhatTheyAllow()
    {
        SearchSpace space = Spaces.Of(new SweepPlan
        {
            Spec = new JsonObject { ["method"] = "lora-plus" },
            Space = [Spaces.Choice("learningRate", 1e-4, 2e-4, 4e-4), Spaces.Choice("learningRateB", 1e-4, 2e-4, 4e-4, 8e-4)],
            Constraints = ["learningRateB >= 2 * learningRate", "learningRateB <= methodOptions.lrRatio * learningRate"],
        });

        Assert.Equal(
            [(1e-4, 2e-4), (1e-4, 4e-4), (2e-4, 4e-4), (2e-4, 8e-4), (4e-4, 8e-4)],
            GridPoints.Of(space).Select(point =>
                (space.Values(point)["learningRate"]!.GetValue<double>(), space.Values(point)["learningRateB"]!.GetValue<double>())));
        Assert.Equal(4, space.Constants["methodOptions.lrRatio"]);
    }

    [Fact]
    public void PointOf_Values_IsThePointThatTheyCameFrom()
    {
        SearchSpace space = Spaces.Of(
            Spaces.Log("learningRate", 1e-5, 1e-3),
            Spaces.Whole("rank", 1, 64),
            Spaces.Choice("targetModules", "all-linear", new JsonArray("q_proj", "v_proj")));
        double[] point = [space.Dimensions[0].At(0.3333), 17, 1];

        Assert.Equal(point, space.PointOf(JsonNode.Parse(space.Values(point).ToJsonString())!.AsObject()));
        Assert.Null(space.PointOf(new JsonObject { ["learningRate"] = 1e-4, ["rank"] = 17, ["targetModules"] = "none" }));
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Read_WrongSpace_NamesTheFieldAndSaysWhatToDo(string json, string field, string sentence)
    {
        IReadOnlyList<FieldError> errors =
            Spaces.Errors(System.Text.Json.JsonSerializer.Deserialize<SweepPlan>(json, Contracts.ContractJson.Options)!);

        FieldError error = Assert.Single(errors);
        Assert.Equal(field, error.Field);
        Assert.Contains(sentence, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OptionThatOneOfTheMethodsLacks_IsRefusedByItsName()
    {
        FieldError error = Assert.Single(Spaces.Errors(
            new SweepPlan { Space = [Spaces.Choice("method", "lora-plus", "lora"), Spaces.Choice("methodOptions.lrRatio", 2, 4)] }));

        Assert.Contains("not an option of lora", error.Message, StringComparison.Ordinal);
        Assert.Empty(
            Spaces.Errors(new SweepPlan { Space = [Spaces.Choice("method", "lora-plus"), Spaces.Choice("methodOptions.lrRatio", 2, 4)] }));
    }
}
