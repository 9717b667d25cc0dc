// An annotation that the generated code stands under, and that JDKs have no more.
package javax.annotation;

public @interface Generated {
    String[] value();

    String date() default "";

    String comments() default "";
}
