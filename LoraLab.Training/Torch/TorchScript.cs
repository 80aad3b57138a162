using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>
/// The functions of <c>*.torchscript</c>, compiled once for the process: a compile error would end it, and disposing a unit frees nothing.
/// </summary>
internal static class TorchScript
{
    private static readonly Lazy<jit.CompilationUnit> Unit = new(() => jit.compile(Source()));

    /// <summary>Compiles now instead of at the first call.</summary>
    public static void Compile() => _ = Unit.Value;

    /// <summary>Calls a function that returns a tensor; the current dispose scope owns it.</summary>
    public static Tensor Tensor(string function, params object?[] arguments) => (Tensor)Invoke(function, arguments)!;

    /// <summary>Calls a function that returns a list of tensors; the current dispose scope owns them.</summary>
    public static Tensor[] Tensors(string function, params object?[] arguments) => (Tensor[])Invoke(function, arguments)!;

    /// <summary>Calls a function for what it does to its arguments.</summary>
    public static void Run(string function, params object?[] arguments) => Invoke(function, arguments);

    // TorchSharp makes a native scalar of a number and lets go of it before the call is over: a collection in that instant frees what the
    // call is reading. Ours is held until the call is over.
    private static object? Invoke(string function, object?[] arguments)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] is double number)
            {
                arguments[i] = number.ToScalar();
            }
        }

        object? result = Unit.Value.invoke(function, arguments!);
        GC.KeepAlive(arguments);
        return result;
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
