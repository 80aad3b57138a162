using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Adapters.Peft;

public sealed class PeftFuzzTests(ITestOutputHelper output) : IDisposable
{
    private const string Module = "model.layers.0.self_attn.q_proj";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_DamagedConfiguration_IsReadOrRejectedWithAMessage() => Damage(PeftFiles.Config, 900_000, 1500);

    [Fact]
    public void Load_DamagedWeights_AreReadOrRejectedWithAMessage() => Damage(PeftFiles.Weights, 950_000, 1500);

    private void Damage(string file, int seed, int cases)
    {
        using LowRankAdapter adapter = Adapter();
        PeftExport.Write(_folder.Path, [adapter], new RunSpec { Rank = 2, TargetModules = TargetModules.Of("q_proj") }, "test");
        byte[] original = File.ReadAllBytes(Path.Combine(_folder.Path, file));

        Fuzz.Run(output, seed, cases, Write, () => PeftImport.Load(_folder.Path, [adapter], 2), _folder.Path);
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Assert.True(adapter.A_RI.isfinite().all().item<bool>() && adapter.B_OR.isfinite().all().item<bool>());

        long Write(Mutator mutator)
        {
            byte[] bytes = mutator.Corrupt(original);
            _folder.Write(file, bytes);
            return bytes.Length;
        }
    }

    private static LowRankAdapter Adapter() => new(Module, ones(2, 6), ones(4, 2), 2);
}
