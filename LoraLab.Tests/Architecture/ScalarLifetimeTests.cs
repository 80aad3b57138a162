using LoraLab.Training.Torch;
using TorchSharp;
using Xunit;

namespace LoraLab.Tests.Architecture;

/// <summary>
/// TorchSharp makes a native scalar of each number that an operator takes, reads its address, and does not keep it alive while native code
/// uses it: a garbage collection at that moment frees it, and the operation fails, or the process aborts. So nothing in the trainer calls
/// a method that makes such a scalar, however deep inside TorchSharp; <see cref="TensorArithmetic"/> and <see cref="TorchScript"/> make
/// theirs and keep them.
/// </summary>
public sealed class ScalarLifetimeTests
{
    private static readonly string[] _conversions = ["TorchSharp.Scalar.op_Implicit", "TorchSharp.ScalarExtensionMethods.ToScalar"];

    private static readonly string[] _keepers = [$"{typeof(TensorArithmetic).FullName}.", $"{typeof(TorchScript).FullName}."];

    [Fact]
    public void Trainer_CallsNoMethodThatMakesAScalar()
    {
        ILookup<string, string> library = CallGraph.Read(typeof(torch).Assembly.Location);
        ILookup<string, string> trainer = CallGraph.Read(typeof(TensorArithmetic).Assembly.Location);
        HashSet<string> makers = Makers(library);

        Assert.Contains("TorchSharp.torch.Tensor.square()", makers);
        Assert.DoesNotContain("TorchSharp.torch.Tensor.mul(TorchSharp.torch.Tensor)", makers);
        string[] found = [.. trainer
            .Where(calls => !_keepers.Any(keeper => calls.Key.StartsWith(keeper, StringComparison.Ordinal)))
            .SelectMany(calls => calls.Where(makers.Contains).Select(called => $"{calls.Key} calls {called}"))
            .Distinct().Order(StringComparer.Ordinal)];
        Assert.True(found.Length == 0, string.Join(Environment.NewLine, found));
    }

    /// <summary>All methods that call, at any depth, a conversion of a number to a scalar.</summary>
    private static HashSet<string> Makers(ILookup<string, string> calls)
    {
        ILookup<string, string> callers = calls.SelectMany(group => group.Select(called => (called, group.Key)))
            .ToLookup(pair => pair.called, pair => pair.Key);
        HashSet<string> makers = [.. callers.Select(group => group.Key)
            .Where(name => _conversions.Any(conversion => name.StartsWith(conversion, StringComparison.Ordinal)))];
        Queue<string> open = new(makers);
        while (open.TryDequeue(out string? maker))
        {
            foreach (string caller in callers[maker].Where(makers.Add))
            {
                open.Enqueue(caller);
            }
        }

        return makers;
    }
}
