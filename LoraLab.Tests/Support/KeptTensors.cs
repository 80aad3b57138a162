using System.Reflection;
using LoraLab.Tests.Support;
using TorchSharp;
using Xunit.v3;

[assembly: KeptTensors]

namespace LoraLab.Tests.Support;

/// <summary>
/// Keeps the tensors that a test makes on its thread until it ends. One that nothing refers to any more could be finalized while a native
/// call still uses it, as the first of <c>x.grad!.flatten()</c>, and the process would die. They are not disposed: fixtures may have them.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class KeptTensorsAttribute : BeforeAfterTestAttribute
{
    [ThreadStatic]
    private static DisposeScope? _scope;

    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        ArgumentNullException.ThrowIfNull(methodUnderTest);
        // An asynchronous test may end on another thread.
        if (methodUnderTest.ReturnType == typeof(void))
        {
            _scope = torch.NewDisposeScope();
        }
    }

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (_scope is { } scope)
        {
            _scope = null;
            scope.Detach(scope.DisposablesView);
            scope.Dispose();
        }
    }
}
