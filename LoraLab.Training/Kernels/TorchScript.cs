using System.Collections.Concurrent;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraLab.Training.Kernels;

/// <summary>
/// The functions of <c>*.torchscript</c>, compiled once for the process: a compile error would end it, and disposing a unit frees nothing.
/// </summary>
internal static class TorchScript
{
    private static readonly Lazy<jit.CompilationUnit> Unit = new(() => jit.compile(Source()));

    // TorchSharp makes a native scalar of a number and lets go of it before the call is over: a collection in that instant frees what the
    // call is reading. Ours live as long as the process; there are a handful.
    private static readonly ConcurrentDictionary<double, Scalar> Scalars = new();

    /// <summary>Compiles now instead of at the first call.</summary>
    public static void Warm() => _ = Unit.Value;

    /// <summary>Calls a function that returns a tensor; the current dispose scope owns it.</summary>
    public static Tensor Tensor(string function, params object?[] arguments) => (Tensor)Unit.Value.invoke(function, Kept(arguments))!;

    /// <summary>Calls a function that returns a list of tensors; the current dispose scope owns them.</summary>
    public static Tensor[] Tensors(string function, params object?[] arguments) => (Tensor[])Unit.Value.invoke(function, Kept(arguments))!;

    /// <summary>Calls a function for what it does to its arguments.</summary>
    public static void Run(string function, params object?[] arguments) => Unit.Value.invoke(function, Kept(arguments));

    private static object[] Kept(object?[] arguments)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] is double number)
            {
                arguments[i] = Scalars.GetOrAdd(number, static value => value.ToScalar());
            }
        }

        return arguments!;
    }

    private static string Source()
    {
        StringBuilder source = new();
        foreach (string name in typeof(TorchScript).Assembly.GetManifestResourceNames().Where(name => name.EndsWith(".torchscript", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using StreamReader reader = new(typeof(TorchScript).Assembly.GetManifestResourceStream(name)!);
            source.Append(reader.ReadToEnd().ReplaceLineEndings("\n")).Append('\n');
        }

        return source.ToString();
    }
}
