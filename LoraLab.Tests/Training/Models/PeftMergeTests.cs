using System.Text.Json.Nodes;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Tests.Training.Adapters;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Training;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models;

public sealed class PeftMergeTests
{
    public static TheoryData<string> Methods => MethodBatteryTests.Adapters;

    [Theory]
    [MemberData(nameof(Methods))]
    public void Merge_TrainedAdapter_GivesTheLogitsOfTheAdaptedModel(string method)
    {
        using TestTrainer trainer = new();
        FinishedRun run = trainer.Run(Spec(method));
        string adapter = Path.Combine(run.Folder, RunFiles.Adapter);
        string merged = Path.Combine(trainer.NewFolder(), "merged");
        string model = trainer.Services.Models.Find("sample").Folder;

        int changed = PeftMerge.Write(model, adapter, merged);

        LlamaConfig config = LlamaConfig.Read(merged);
        Assert.Equal(config.Layers * 7, changed);
        using PreparedRun adapted = Prepare(trainer, adapter);
        using LlamaModel whole = LlamaLoader.Load(merged, config, float32, CPU);
        using LlamaModel original = LlamaLoader.Load(model, config, float32, CPU);
        using Tensor expected_TV = Logits(adapted.Model, adapted.Train[0].Ids);
        using Tensor merged_TV = Logits(whole, adapted.Train[0].Ids);
        using Tensor original_TV = Logits(original, adapted.Train[0].Ids);
        double scale = expected_TV.abs().max().item<float>();
        Assert.InRange(expected_TV.sub(merged_TV).abs().max().item<float>(), 0, 1e-5 * scale);
        // A few steps move some methods little, because two of their factors start small.
        double moved = expected_TV.sub(original_TV).abs().max().item<float>();
        Assert.True(moved > 1e-4 * scale, $"Training changed {moved} of {scale}.");
    }

    [Fact]
    public void Merge_BaseInBf16_RoundsOnceAndKeepsEverythingElse()
    {
        using TestTrainer trainer = new();
        FinishedRun run = trainer.Run(Spec("lora"));
        string adapter = Path.Combine(run.Folder, RunFiles.Adapter);
        string model = trainer.CopyOfSampleModel("half");
        string weights = Path.Combine(model, "model.safetensors");
        using (CheckpointWeights full = CheckpointWeights.Open(trainer.Services.Models.Find("sample").Folder))
        {
            SafetensorsWriter.Write(
                weights,
                full.Names.ToDictionary(name => name, name => full.Read(name).to(bfloat16)),
                new Dictionary<string, string> { ["format"] = "pt" });
        }

        string merged = Path.Combine(trainer.NewFolder(), "merged");
        PeftMerge.Write(model, adapter, merged);

        PlainSafetensors before = new(weights);
        PlainSafetensors after = new(Path.Combine(merged, "model.safetensors"));
        PlainSafetensors factors = new(Path.Combine(adapter, "adapter_model.safetensors"));
        Assert.Equal(before.HeaderText, after.HeaderText);
        foreach (string name in before.Names)
        {
            string module = name.Replace(".weight", "", StringComparison.Ordinal);
            if (!factors.Names.Contains($"base_model.model.{module}.lora_A.weight"))
            {
                Assert.Equal(before.Bytes(name), after.Bytes(name));
                continue;
            }

            double[,] delta = PlainSafetensors.Product(
                factors.Matrix($"base_model.model.{module}.lora_B.weight"), factors.Matrix($"base_model.model.{module}.lora_A.weight"));
            (double[,] from, double[,] to) = (before.Matrix(name), after.Matrix(name));
            for (int i = 0; i < from.GetLength(0); i++)
            {
                for (int j = 0; j < from.GetLength(1); j++)
                {
                    // s = 8 / 4. Half an ulp of bf16 (eight significant bits), plus the rounding of the fp32 sum.
                    double exact = from[i, j] + (2 * delta[i, j]);
                    Assert.InRange(Math.Abs(to[i, j] - exact), 0, (Math.Abs(exact) * (1.0 / 256) * 1.0001) + 1e-7);
                }
            }
        }

        foreach (string file in new[] { "config.json", "tokenizer.model" })
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(model, file)), File.ReadAllBytes(Path.Combine(merged, file)));
        }

        JsonNode metadata = JsonNode.Parse(File.ReadAllText(Path.Combine(merged, "loralab.json")))!;
        Assert.Equal(2, (double)metadata["mergedFrom"]!["scaling"]!);
    }

    [Fact]
    public void Merge_AdapterOfAnotherModel_NamesTheTensor()
    {
        using TestTrainer trainer = new(fixtures: true);
        string golden = Fixtures.Golden("lora-qv");
        string output = Path.Combine(trainer.NewFolder(), "merged");

        RunFailure refused =
            Assert.Throws<RunFailure>(() => PeftMerge.Write(trainer.Services.Models.Find("sample").Folder, golden, output));

        Assert.Matches("tensor 'base_model.model.model.layers.*' .*: the adapter is for another model", refused.Message);
        Assert.False(Path.Exists(output));
    }

    [Theory]
    [InlineData("use_dora", "true", "lora_magnitude_vector")]
    [InlineData("init_lora_weights", "\"pissa_niter_16\"", "changes the base weights")]
    [InlineData("rank_pattern", "{\"q_proj\": 2}", "rank_pattern")]
    [InlineData("peft_type", "\"PREFIX_TUNING\"", "use an adapter of peft_type")]
    [InlineData("lora_alpha", "0", "lora_alpha")]
    public void Merge_AdapterThatIsNotPlain_IsRefusedWithItsKey(string key, string value, string sentence)
    {
        using TestTrainer trainer = new();
        string adapter = Path.Combine(trainer.Run(MicroSpec.For("lora")).Folder, RunFiles.Adapter);
        string file = Path.Combine(adapter, "adapter_config.json");
        JsonNode config = JsonNode.Parse(File.ReadAllText(file))!;
        config[key] = JsonNode.Parse(value);
        File.WriteAllText(file, config.ToJsonString());

        RunFailure refused = Assert.Throws<RunFailure>(() =>
            PeftMerge.Write(trainer.Services.Models.Find("sample").Folder, adapter, Path.Combine(trainer.NewFolder(), "merged")));

        Assert.Contains(sentence, refused.Message, StringComparison.Ordinal);
        Assert.Contains("adapter_config.json", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Merge_OtherFilesOfTheBase_AreKeptAndNothingOfTheUserIsTouched()
    {
        using TestTrainer trainer = new();
        string adapter = Path.Combine(trainer.Run(MicroSpec.For("lora")).Folder, RunFiles.Adapter);
        string model = trainer.CopyOfSampleModel("full");
        string[] kept = ["chat_template.jinja", "LICENSE", "generation_config.json", "additional_chat_templates/tools.jinja", "merges.txt"];
        string[] left =
        [
            "pytorch_model.bin", "pytorch_model.bin.index.json", "consolidated.safetensors", "onnx/model.onnx", "onnx/config.json",
            ".gitattributes", ".cache/huggingface/x.metadata",
        ];
        foreach (string file in kept.Concat(left))
        {
            string path = Path.Combine(model, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, $"content of {file}");
        }

        string parent = trainer.NewFolder();
        string output = Path.Combine(parent, "out");
        string mine = Path.Combine(parent, "out.tmp", "mine.txt");
        Directory.CreateDirectory(Path.GetDirectoryName(mine)!);
        File.WriteAllText(mine, "mine");

        PeftMerge.Write(model, adapter, output);

        Assert.All(kept, file => Assert.Equal($"content of {file}", File.ReadAllText(Path.Combine(output, file))));
        Assert.All(left, file => Assert.False(File.Exists(Path.Combine(output, file)), file));
        Assert.Equal("mine", File.ReadAllText(mine));
        Assert.Equal(["out", "out.tmp"], Directory.GetFileSystemEntries(parent).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Merge_ThatFailsMidway_LeavesNothing()
    {
        using TestTrainer trainer = new();
        string adapter = Path.Combine(trainer.Run(MicroSpec.For("lora")).Folder, RunFiles.Adapter);
        string model = trainer.CopyOfSampleModel("broken");
        File.CreateSymbolicLink(Path.Combine(model, "LICENSE"), "nowhere");
        string parent = trainer.NewFolder();

        RunFailure refused = Assert.Throws<RunFailure>(() => PeftMerge.Write(model, adapter, Path.Combine(parent, "out")));

        Assert.Contains("LICENSE", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(parent));
    }

    [Fact]
    public void Merge_FolderThatExists_IsRefused()
    {
        using TestTrainer trainer = new();
        string adapter = Path.Combine(trainer.Run(MicroSpec.For("lora")).Folder, RunFiles.Adapter);

        RunFailure refused =
            Assert.Throws<RunFailure>(() => PeftMerge.Write(trainer.Services.Models.Find("sample").Folder, adapter, trainer.NewFolder()));

        Assert.Contains("already exists", refused.Message, StringComparison.Ordinal);
    }

    private static JsonObject Spec(string method)
    {
        JsonObject spec = MicroSpec.For(method);
        spec["targetModules"] = "all-linear";
        return spec;
    }

    private static PreparedRun Prepare(TestTrainer trainer, string adapter)
    {
        PeftConfig config = PeftImport.ReadConfig(adapter);
        JsonObject spec = Spec(config.Method);
        spec["initFrom"] = adapter;
        IReadOnlyList<string> unused = LoraMethods.Find(config.Method)!.Descriptor.UnusedFields;
        foreach ((string field, double value) in new[] { ("rank", config.Rank), ("alpha", config.Alpha) })
        {
            if (!unused.Contains(field))
            {
                spec[field] = value;
            }
        }

        return trainer.Services.Preparation().Prepare(trainer.Services.Validator.Validate(spec).Spec!, CancellationToken.None);
    }

    private static Tensor Logits(LlamaModel model, int[] ids)
    {
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor hidden_TD = model.Hidden(tensor(ids.Select(id => (long)id).ToArray()).unsqueeze(0), ForwardPass.Plain).squeeze(0);
        return model.Logits(hidden_TD).MoveToOuterDisposeScope();
    }
}
