using System.Runtime.InteropServices;
using System.Text;

namespace LoraLab.Tests.Training.Torch;

/// <summary>
/// A library of the NVIDIA driver implemented in C# and called through function pointers like the real one. Functions can be removed, as
/// in an old library.
/// </summary>
/// <typeparam name="TLibrary">The library.</typeparam>
internal abstract class FakeLibrary<TLibrary>
    where TLibrary : FakeLibrary<TLibrary>
{
    protected const int Success = 0;

    public int InitResult { get; init; } = Success;

    /// <summary>The functions by name; their types must not be generic, nor be within this class.</summary>
    protected Dictionary<string, Delegate> Functions { get; } = [];

    public TLibrary Without(string function)
    {
        Functions.Remove(function);
        return (TLibrary)this;
    }

    /// <summary>Address of a function, or 0.</summary>
    protected nint Find(string name) =>
        Functions.TryGetValue(name, out Delegate? function) ? Marshal.GetFunctionPointerForDelegate(function) : 0;

    protected static int Put(nint at, int value)
    {
        Marshal.WriteInt32(at, value);
        return Success;
    }

    protected static int PutLong(nint at, params ReadOnlySpan<long> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            Marshal.WriteInt64(at, i * sizeof(long), values[i]);
        }

        return Success;
    }

    protected static int Write(string value, nint text, int length)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value + "\0");
        Marshal.Copy(bytes, 0, text, Math.Min(bytes.Length, length));
        return Success;
    }
}
